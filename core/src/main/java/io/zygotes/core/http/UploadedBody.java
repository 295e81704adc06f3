package io.zygotes.core.http;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Writes the body of a request into a file, piece by piece: it may be larger than there is memory for. */
final class UploadedBody {

    private static final int PIECE = 64 << 10;
    /** For a small body. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** And as much more as a line of 64 kB a second takes for it: who is slower holds a thread for nothing. */
    private static final long NANOS_FOR_A_BYTE = Duration.ofSeconds(1).toNanos() / (64 << 10);

    private UploadedBody() {}

    /**
     * Writes it.
     *
     * @param in the body; not closed
     * @param announced how long the client says that it is; negative if it does not say
     * @param file where; is replaced, and may hold a part after an error
     * @param most how many bytes it may have
     * @throws TooLargeException if it has more
     * @throws StorageException if the file cannot be written
     * @throws IOException if the client goes away or is too slow
     */
    static void write(InputStream in, long announced, Path file, long most) throws TooLargeException, IOException {
        if (announced > most) {
            throw tooLarge(most);
        }
        long begun = System.nanoTime();
        try (OutputStream out = open(file)) {
            byte[] piece = new byte[PIECE];
            long length = 0;
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                length += n;
                if (length > most) {
                    throw tooLarge(most);
                }
                if (System.nanoTime() - begun > PATIENCE.toNanos() + length * NANOS_FOR_A_BYTE) {
                    throw new SocketTimeoutException(
                            length + " bytes took " + (System.nanoTime() - begun) / 1_000_000_000 + " s");
                }
                write(out, piece, n, file);
            }
        }
    }

    private static OutputStream open(Path file) throws StorageException {
        try {
            return Files.newOutputStream(file);
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private static void write(OutputStream out, byte[] piece, int length, Path file) throws StorageException {
        try {
            out.write(piece, 0, length);
        } catch (IOException e) {
            throw failed(file, e);
        }
    }

    private static StorageException failed(Path file, IOException e) {
        return new StorageException(
                "cannot write the upload to " + file.getParent() + ": " + e.getMessage()
                        + "; is there room on that disk?",
                e);
    }

    private static TooLargeException tooLarge(long most) {
        return new TooLargeException("the upload is larger than " + (most >> 20)
                + " MiB; max_upload_mb in config.json says how large one may be");
    }
}
