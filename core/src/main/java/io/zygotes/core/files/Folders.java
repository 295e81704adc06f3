package io.zygotes.core.files;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writing beside and renaming, and deleting whole trees. Symbolic links are never followed. */
public final class Folders {

    private static final AtomicLong SEQUENCE = new AtomicLong();
    private static final Pattern SIBLING = Pattern.compile("\\.(?<name>.+)\\.[a-z]+-(?<pid>\\d{1,18})-\\d+");
    private static final Set<PosixFilePermission> OWNER_FOLDER = PosixFilePermissions.fromString("rwx------");

    private Folders() {}

    /**
     * Writes a file beside its place and renames it, so that a reader sees the old content or the new.
     *
     * @throws IOException if it cannot be written; the old content is still there then
     */
    public static void write(Path file, byte[] content) throws IOException {
        Path beside = sibling(file, "new");
        try {
            Files.write(beside, content);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /**
     * Makes a folder that its owner alone may look into, with those above it; takes it away from the others if it is
     * there. Sandboxes see what is in it all the same, by mounts that root made of it.
     *
     * @throws IOException if it cannot be made, or is somebody else's
     */
    public static void createPrivate(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, OWNER_FOLDER);
    }

    /** A path in the same folder that nothing has yet: a hidden name with the process id and a running number. */
    public static Path sibling(Path path, String purpose) {
        return path.resolveSibling("." + path.getFileName() + "." + purpose + "-"
                + ProcessHandle.current().pid() + "-" + SEQUENCE.incrementAndGet());
    }

    /** What {@link #sibling} made, when the process that made it is dead; empty if the folder is not there. */
    public static List<Path> abandonedSiblings(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Folders::abandoned).sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    /** What {@link #sibling} made in a folder, whoever made it and whether that one lives. */
    public static List<Path> siblings(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry ->
                            SIBLING.matcher(entry.getFileName().toString()).matches())
                    .toList();
        }
    }

    private static boolean abandoned(Path path) {
        Matcher matcher = SIBLING.matcher(path.getFileName().toString());
        // A process that has the number by now keeps it until a later look.
        return matcher.matches()
                && ProcessHandle.of(Long.parseLong(matcher.group("pid"))).isEmpty();
    }

    /** The path beside which {@link #sibling} made this one. */
    public static Path original(Path sibling) {
        Matcher matcher = SIBLING.matcher(sibling.getFileName().toString());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(sibling + " is not beside anything");
        }
        return sibling.resolveSibling(matcher.group("name"));
    }

    /**
     * Deletes a file or a folder with all that is in it, however deep: what an installer left may lie deeper than any
     * path reaches. Returns quietly if it is gone already, also when somebody deletes it at the same time. Whoever
     * changes the folder meanwhile, such as by putting a link in the place of a folder in it, cannot make it delete
     * anything elsewhere; the folder that holds this one must be the worker's own.
     *
     * @throws IOException if something cannot be deleted
     */
    public static void delete(Path path) throws IOException {
        try {
            if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                try (SecureDirectoryStream<Path> top = secure(Files.newDirectoryStream(path))) {
                    deleteContent(top);
                }
            }
            Files.deleteIfExists(path);
        } catch (NoSuchFileException e) {
            // It is gone already, which is what was asked for.
        }
    }

    /** Works with what is open, not with paths: links are not followed, whenever they are put there. */
    private static SecureDirectoryStream<Path> secure(DirectoryStream<Path> stream) throws IOException {
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new IOException("this system cannot delete folders safely; a worker runs on Linux");
    }

    /** Folders in folders are moved up to the top, level by level, so that few are open and no path gets long. */
    private static void deleteContent(SecureDirectoryStream<Path> top) throws IOException {
        letOwnerIn(top.getFileAttributeView(PosixFileAttributeView.class));
        for (List<Path> folders = deleteFiles(top); !folders.isEmpty(); folders = deleteFiles(top)) {
            for (Path folder : folders) {
                try {
                    letOwnerIn(view(top, folder, PosixFileAttributeView.class));
                    try (SecureDirectoryStream<Path> inner = open(top, folder)) {
                        for (Path below : deleteFiles(inner)) {
                            inner.move(below, top, Path.of(UUID.randomUUID().toString()));
                        }
                    }
                    top.deleteDirectory(folder);
                } catch (NoSuchFileException e) {
                    // Somebody else deletes it, too.
                }
            }
        }
    }

    private static SecureDirectoryStream<Path> open(SecureDirectoryStream<Path> parent, Path name) throws IOException {
        return secure(parent.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS));
    }

    private static <V extends BasicFileAttributeView> V view(
            SecureDirectoryStream<Path> parent, Path name, Class<V> kind) {
        return parent.getFileAttributeView(name, kind, LinkOption.NOFOLLOW_LINKS);
    }

    /** Deletes what is no folder; returns the names of the folders. */
    private static List<Path> deleteFiles(SecureDirectoryStream<Path> folder) throws IOException {
        List<Path> folders = new ArrayList<>();
        // A stream can be read once only.
        try (SecureDirectoryStream<Path> entries = open(folder, Path.of("."))) {
            for (Path entry : entries) {
                Path name = entry.getFileName();
                try {
                    if (view(folder, name, BasicFileAttributeView.class)
                            .readAttributes()
                            .isDirectory()) {
                        folders.add(name);
                    } else {
                        folder.deleteFile(name);
                    }
                } catch (NoSuchFileException e) {
                    // Somebody else deleted it.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return folders;
    }

    /** An installer may leave folders that even their owner may not change. */
    private static void letOwnerIn(PosixFileAttributeView folder) throws IOException {
        Set<PosixFilePermission> permissions = EnumSet.copyOf(OWNER_FOLDER);
        permissions.addAll(folder.readAttributes().permissions());
        folder.setPermissions(permissions);
    }
}
