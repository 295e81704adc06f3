package io.zygotes.core.aws;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collections;
import java.util.Optional;
import java.util.zip.Deflater;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;

/**
 * Archives of functions. Nothing is unpacked here but the settings: whether the rest may be installed, the registry
 * checks.
 */
final class CodeZip {

    /** Of {@code ol.yaml}, in bytes, as the registry has it. */
    private static final int MOST_SETTINGS = 1 << 20;

    /** What a file is, and who may do what with it, as in st_mode of inode(7). */
    private static final int LINK = 0120777, PROGRAM = 0100755, FILE = 0100644;

    private static final String BYTE_CODE = "__pycache__";

    private CodeZip() {}

    /**
     * The settings in an archive.
     *
     * @throws IOException if it is no zip, or damaged
     */
    static Optional<String> settings(byte[] zip) throws IOException {
        try (ZipFile file = open(zip)) {
            ZipArchiveEntry entry = file.getEntry(FunctionSettings.FILE);
            if (entry == null) {
                return Optional.empty();
            }
            try (InputStream in = file.getInputStream(entry)) {
                byte[] text = in.readNBytes(MOST_SETTINGS + 1);
                if (text.length > MOST_SETTINGS) {
                    throw new IOException(FunctionSettings.FILE + " is larger than a MiB");
                }
                return Optional.of(new String(text, StandardCharsets.UTF_8));
            }
        }
    }

    private static ZipFile open(byte[] zip) throws IOException {
        return ZipFile.builder()
                .setSeekableByteChannel(new SeekableInMemoryByteChannel(zip))
                .setUseUnicodeExtraFields(false)
                .get();
    }

    /**
     * Writes an archive with other settings in it; all else is copied as it is, packed.
     *
     * @throws IOException if it is no zip, or damaged, or cannot be written
     */
    static void write(byte[] zip, String settings, Path target) throws IOException {
        try (ZipFile file = open(zip);
                ZipArchiveOutputStream out = new ZipArchiveOutputStream(target)) {
            for (ZipArchiveEntry entry : Collections.list(file.getEntriesInPhysicalOrder())) {
                if (!entry.getName().equals(FunctionSettings.FILE)) {
                    try (InputStream raw = file.getRawInputStream(entry)) {
                        out.addRawArchiveEntry(entry, raw);
                    }
                }
            }
            out.putArchiveEntry(new ZipArchiveEntry(FunctionSettings.FILE));
            out.write(settings.getBytes(StandardCharsets.UTF_8));
            out.closeArchiveEntry();
        }
    }

    /**
     * Packs a folder, without byte code.
     *
     * @param settings those that it gets; empty to leave them as they are
     * @throws IOException if it cannot be read, or the archive cannot be written
     */
    static void pack(Path folder, Optional<String> settings, Path target) throws IOException {
        try (ZipArchiveOutputStream out = new ZipArchiveOutputStream(target)) {
            out.setLevel(Deflater.BEST_SPEED);
            visit(folder, (file, name) -> {
                if (settings.isEmpty() || !name.equals(FunctionSettings.FILE)) {
                    add(out, file, name);
                }
            });
            if (settings.isPresent()) {
                out.putArchiveEntry(new ZipArchiveEntry(FunctionSettings.FILE));
                out.write(settings.get().getBytes(StandardCharsets.UTF_8));
                out.closeArchiveEntry();
            }
        }
    }

    private static void add(ZipArchiveOutputStream out, Path file, String name) throws IOException {
        ZipArchiveEntry entry = new ZipArchiveEntry(name);
        if (Files.isSymbolicLink(file)) {
            entry.setUnixMode(LINK);
            out.putArchiveEntry(entry);
            out.write(Files.readSymbolicLink(file).toString().getBytes(StandardCharsets.UTF_8));
        } else {
            entry.setUnixMode(Files.isExecutable(file) ? PROGRAM : FILE);
            out.putArchiveEntry(entry);
            Files.copy(file, out);
        }
        out.closeArchiveEntry();
    }

    private interface Visit {
        void file(Path file, String name) throws IOException;
    }

    private static void visit(Path folder, Visit visit) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path inner, BasicFileAttributes attributes) {
                return inner.endsWith(BYTE_CODE) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                visit.file(file, folder.relativize(file).toString());
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
