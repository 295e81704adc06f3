package io.zygotes.core.trace;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.RotatedFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The file of the trace: takes whole lines, keeps some of them back to write many at once, and is rotated by size. Used
 * by one thread.
 */
final class TraceFile implements AutoCloseable {

    private static final int BATCH_BYTES = 1 << 16;

    private final Path newest;
    private final long bytesAFile;
    private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
    private long batchLines;
    private FileChannel file;
    private long written;

    /** Some lines could not be written and are lost. */
    static final class LostException extends IOException {
        private static final long serialVersionUID = 1L;
        private final long lines;

        LostException(long lines, IOException cause) {
            super(cause.getMessage(), cause);
            this.lines = lines;
        }

        /** How many. */
        long lines() {
            return lines;
        }
    }

    /**
     * Opens the file. Half a line at its end, which a worker that was killed may have left, is cut off.
     *
     * @param newest the file; made if it is missing, its folder as well
     * @param bytesAFile size from which on it is {@link #full}
     * @throws IOException if it cannot be written
     */
    TraceFile(Path newest, long bytesAFile) throws IOException {
        this.newest = newest;
        this.bytesAFile = bytesAFile;
        Folders.createPrivate(newest.getParent());
        open();
    }

    private void open() throws IOException {
        file = FileChannel.open(newest, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        written = file.size();
        ByteBuffer last = ByteBuffer.allocate(1);
        while (written > 0 && file.read(last.clear(), written - 1) == 1 && last.get(0) != '\n') {
            written--;
        }
        file.truncate(written);
    }

    /** Whether the next lines belong into a new file. */
    boolean full() {
        return written + batch.size() >= bytesAFile;
    }

    /** Whether so much is kept back that it is worth a {@link #flush}. */
    boolean worthAFlush() {
        return batch.size() >= BATCH_BYTES;
    }

    /** Takes a line without its end; it is written with the next {@link #flush}. */
    void add(byte[] line) {
        batch.writeBytes(line);
        batch.write('\n');
        batchLines++;
    }

    /**
     * Writes what is kept back.
     *
     * @throws LostException if it cannot be written; the file ends with a whole line all the same
     */
    void flush() throws IOException {
        if (batch.size() == 0) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(batch.toByteArray());
        long lines = batchLines;
        batch.reset();
        batchLines = 0;
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes, written + bytes.position());
            }
            written += bytes.limit();
        } catch (IOException e) {
            LostException lost = new LostException(lines, e);
            try {
                file.truncate(written);
            } catch (IOException second) {
                lost.addSuppressed(second);
            }
            throw lost;
        }
    }

    /**
     * Begins a new file.
     *
     * @throws IOException if files cannot be renamed or opened
     */
    void rotate() throws IOException {
        flush();
        file.close();
        new RotatedFile(newest).makeRoom();
        open();
    }

    /** Closes the file; what is kept back is not written. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
