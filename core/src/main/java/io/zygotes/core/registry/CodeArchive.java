package io.zygotes.core.registry;

import io.zygotes.core.files.StorageException;
import io.zygotes.core.registry.CodeWriter.RefusedException;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarUtils;

/** Unpacks an archive with a lambda: a tar.gz, a tar or a zip. What it is, its first bytes say, not its name. */
final class CodeArchive {

    /** A tar begins with a header of one block. */
    private static final int BLOCK = 512;

    private static final byte[] GZIP = {0x1f, (byte) 0x8b};
    private static final byte[] ZIP = {'P', 'K'};

    /** What people pack with as well, by its first bytes. */
    private static final Map<String, byte[]> OTHERS = Map.of(
            "bzip2", "BZh".getBytes(StandardCharsets.ISO_8859_1),
            "xz", new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z'},
            "zstd", new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd},
            "7-Zip", new byte[] {'7', 'z', (byte) 0xbc, (byte) 0xaf},
            "RAR", "Rar!".getBytes(StandardCharsets.ISO_8859_1));

    private CodeArchive() {}

    /**
     * Unpacks one.
     *
     * @return what was left out
     * @throws RefusedException if it is something else, or holds what a lambda may not hold
     * @throws StorageException if it cannot be read, or its content cannot be written
     * @throws IOException if it is damaged
     */
    static LeftAside unpack(Path archive, CodeWriter writer) throws IOException {
        byte[] first;
        try (InputStream in = Files.newInputStream(archive)) {
            first = in.readNBytes(BLOCK);
        }
        if (begins(first, ZIP)) {
            return ZipCode.unpack(archive, writer);
        }
        try (InputStream in = new BufferedInputStream(new ArchiveFile(Files.newInputStream(archive), archive))) {
            if (begins(first, GZIP)) {
                return writer.unpack(in);
            }
            if (first.length == BLOCK && TarUtils.verifyCheckSum(first)) {
                return writer.unpackTar(in);
            }
            throw new RefusedException("it is " + kind(first) + "; pack the folder as tar.gz, tar or zip");
        }
    }

    private static String kind(byte[] first) {
        if (first.length == 0) {
            return "empty";
        }
        return OTHERS.entrySet().stream()
                .filter(other -> begins(first, other.getValue()))
                .map(other -> "packed with " + other.getKey())
                .findFirst()
                .orElse("no archive");
    }

    private static boolean begins(byte[] content, byte[] with) {
        return content.length >= with.length && Arrays.equals(content, 0, with.length, with, 0, with.length);
    }

    /** An archive on disk, whose errors are told from those of what is in it. */
    private static final class ArchiveFile extends FilterInputStream {
        private final Path file;

        private ArchiveFile(InputStream in, Path file) {
            super(in);
            this.file = file;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                return super.read(buffer, offset, length);
            } catch (IOException e) {
                throw new StorageException("cannot read " + file + ": " + e.getMessage(), e);
            }
        }
    }
}
