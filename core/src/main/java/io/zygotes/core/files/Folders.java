package io.zygotes.core.files;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
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

    /** A path in the same folder that nothing has yet: a hidden name with the process id and a running number. */
    public static Path sibling(Path path, String purpose) {
        return path.resolveSibling("." + path.getFileName() + "." + purpose + "-" + ProcessHandle.current().pid() + "-"
                + SEQUENCE.incrementAndGet());
    }

    /** What {@link #sibling} made, when the process that made it is dead; empty if the folder is not there. */
    public static List<Path> abandonedSiblings(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Folders::abandoned).sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static boolean abandoned(Path path) {
        Matcher matcher = SIBLING.matcher(path.getFileName().toString());
        // A process that has the number by now keeps it until a later look.
        return matcher.matches() && ProcessHandle.of(Long.parseLong(matcher.group("pid"))).isEmpty();
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
     * Deletes a file or a folder with all that is in it. Returns quietly if it is gone already, also when somebody
     * deletes it at the same time.
     *
     * @throws IOException if something cannot be deleted
     */
    public static void delete(Path path) throws IOException {
        try {
            Files.walkFileTree(path, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
                        throws IOException {
                    // an installer may leave folders that even their owner may not change
                    Set<PosixFilePermission> permissions = EnumSet.copyOf(OWNER_FOLDER);
                    permissions.addAll(Files.getPosixFilePermissions(folder));
                    Files.setPosixFilePermissions(folder, permissions);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                    if (e instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw e;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
                    if (e != null) {
                        throw e;
                    }
                    Files.deleteIfExists(folder);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            // gone already, which is what was asked for
        }
    }
}
