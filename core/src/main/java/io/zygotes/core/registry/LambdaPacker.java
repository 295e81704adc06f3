package io.zygotes.core.registry;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Packs a lambda's folder into a tar.gz, to be sent to a worker. */
public final class LambdaPacker {

    private static final int FILE = 0100644, PROGRAM = 0100755;

    private LambdaPacker() {}

    /**
     * Packs one. Times and owners are not kept.
     *
     * @param folder the lambda's folder, as the registry has it: files, folders and symbolic links
     * @param archive the file to write; replaced
     * @throws IOException if something cannot be read or written
     */
    public static void pack(Path folder, Path archive) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(archive));
                TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(out), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    add(tar, folder.relativize(file).toString(), file, attributes);
                    return FileVisitResult.CONTINUE;
                }
            });
        }
    }

    private static void add(TarArchiveOutputStream tar, String name, Path file, BasicFileAttributes attributes)
            throws IOException {
        if (attributes.isSymbolicLink()) {
            TarArchiveEntry link = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
            link.setLinkName(Files.readSymbolicLink(file).toString());
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
            return;
        }
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(attributes.size());
        entry.setMode(Files.isExecutable(file) ? PROGRAM : FILE);
        tar.putArchiveEntry(entry);
        Files.copy(file, tar);
        tar.closeArchiveEntry();
    }
}
