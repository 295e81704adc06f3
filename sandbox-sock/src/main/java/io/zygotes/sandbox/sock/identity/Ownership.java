package io.zygotes.sandbox.sock.identity;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Gives files to the ids of a sandbox, and takes them back. Links are changed themselves, never followed. */
public final class Ownership {

    private Ownership() {}

    /**
     * Changes owner and group of a file, or of a folder and all in it. No process may be changing the tree meanwhile.
     *
     * @param id the host id of both
     */
    public static void give(Path tree, int id) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                change(folder, id);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                change(file, id);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /**
     * Changes owner and group of one file, folder or link.
     *
     * @param id the host id of both
     */
    public static void change(Path path, int id) throws IOException {
        Files.setAttribute(path, "unix:uid", id, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", id, LinkOption.NOFOLLOW_LINKS);
    }
}
