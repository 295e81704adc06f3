package io.zygotes.core.files;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A folder in which a worker removes what it does not need any more. It carries a mark, a file that says so. A folder
 * without the mark is somebody else's: nothing in it is ever removed, and no worker takes it, unless it is empty.
 *
 * @param path the folder; need not be there
 * @param advice what to do if it is somebody's, such as a setting to change
 * @param looksOurs whether something in it is what workers put there; tells folders of workers that made no marks yet
 */
public record OwnFolder(Path path, String advice, Predicate<Path> looksOurs) {

    /** Name of the file that is the mark. */
    public static final String MARK = ".zygotes";

    private static final String TEXT =
            "A Zygotes worker made this folder, and removes what is in it when it does not need"
                    + " it any more.\nKeep nothing of your own here.\n";
    /** What is in a folder that is as good as empty: the mark, a worker's lock, and what mkfs makes at the top. */
    private static final Set<String> NOTHING = Set.of(MARK, "worker.lock", "lost+found");

    /**
     * Makes the folder, with its mark, if it is not there; marks one that is empty or whose whole content looks ours.
     *
     * @throws ConfigException if it is somebody else's; says what to do
     * @throws IOException if it cannot be made, read or marked
     */
    public void claim() throws ConfigException, IOException {
        requireNotForeign();
        Files.createDirectories(path);
        mark(path);
    }

    /**
     * Removes what is in the folder, and makes it anew.
     *
     * @throws ConfigException if it is somebody else's; nothing is removed
     * @throws IOException if something cannot be removed or made
     */
    public void renew() throws ConfigException, IOException {
        requireNotForeign();
        Folders.delete(path);
        claim();
    }

    /** Puts the mark into a folder that a worker made. */
    public static void mark(Path folder) throws IOException {
        Path mark = folder.resolve(MARK);
        if (!Files.exists(mark, LinkOption.NOFOLLOW_LINKS)) {
            Folders.write(mark, TEXT.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Removes the folder if there is nothing but the mark in it. */
    public void removeIfEmpty() throws IOException {
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
                || foreigner(_ -> false).isPresent()) {
            return;
        }
        Files.deleteIfExists(path.resolve(MARK));
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException e) {
            mark(path); // a lock is in it, say
        }
    }

    /**
     * Checks that the folder is ours, empty, or not there. Changes nothing.
     *
     * @throws ConfigException if it is somebody else's; says what to do
     * @throws IOException if it cannot be read
     */
    public void requireNotForeign() throws ConfigException, IOException {
        if (Files.isRegularFile(path.resolve(MARK), LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(path)) {
            throw new ConfigException(path.toString(), "is not a folder, and the worker needs one there: " + advice);
        }
        Optional<Path> foreign = foreigner(looksOurs);
        if (foreign.isPresent()) {
            throw new ConfigException(
                    path.toString(),
                    "is not a worker's (it has no file " + MARK + ", and holds "
                            + foreign.get().getFileName() + "), and a worker removes what it does not need there: "
                            + advice + ". If all in it may go, put an empty file " + MARK + " there");
        }
    }

    private Optional<Path> foreigner(Predicate<Path> ours) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            for (Path entry : entries) {
                if (!NOTHING.contains(entry.getFileName().toString()) && !ours.test(entry)) {
                    return Optional.of(entry);
                }
            }
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }
}
