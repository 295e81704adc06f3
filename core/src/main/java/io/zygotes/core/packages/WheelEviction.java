package io.zygotes.core.packages;

import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Keeps a {@link WheelCache} below a size: what was not used for longest goes first, and what a worker left half-done
 * that died goes as well. Safe for use by many threads, and by many workers: an entry leaves by one rename, and whoever
 * comes second finds nothing.
 */
final class WheelEviction {

    /** All files together: a hundred packages of the size of pandas, or two of the largest. */
    static final long MOST_BYTES = 4L << 30;

    private static final Logger LOG = System.getLogger(WheelEviction.class.getName());
    /** In an entry: how many bytes its files have. */
    private static final String BYTES = "bytes";
    /** In an entry: was changed last when it was used last. No package has a link to it, unlike to the files. */
    private static final String USED = "used";

    private static final String NEW = ".new-";
    private static final String OLD = ".old-";
    /** Nobody works on one entry for so long. Other workers may be in other containers, where no process id helps. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    private final Path folder;
    private final long mostBytes;

    /** An entry as it was seen. */
    private record Entry(Path path, long bytes, FileTime used) {}

    /**
     * @param folder of the cache
     * @param mostBytes how large it may be
     */
    WheelEviction(Path folder, long mostBytes) {
        this.folder = folder;
        this.mostBytes = mostBytes;
    }

    /** A folder for an entry that is being made. */
    static Path begin(Path home) throws IOException {
        return Files.createTempDirectory(home, NEW);
    }

    /** Whether a folder in a package's is an entry, and not one that is made or removed. */
    static boolean isEntry(Path path) {
        return !path.getFileName().toString().startsWith(".");
    }

    /**
     * Writes down how large a new entry is.
     *
     * @param made its folder, in which all files are
     * @return false if it would fill so much of the cache that it had better not be kept
     */
    boolean admits(Path made) throws IOException {
        long bytes = bytesOf(made);
        Files.write(made.resolve(BYTES), Long.toString(bytes).getBytes(StandardCharsets.US_ASCII));
        Files.createFile(made.resolve(USED));
        return bytes <= mostBytes / 2;
    }

    /** An entry was used now. */
    static void use(Path entry) {
        try {
            Files.setLastModifiedTime(entry.resolve(USED), FileTime.from(Instant.now()));
        } catch (IOException e) {
            // It was removed meanwhile, or is of an older worker's and without that file.
            LOG.log(Level.DEBUG, "that " + entry + " was used is not known", e);
        }
    }

    /** Takes an entry out of the cache. */
    static void remove(Path entry) throws IOException {
        Path removed = entry.resolveSibling(
                OLD + entry.getFileName() + "-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        try {
            Files.move(entry, removed, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            return; // somebody else removes it
        }
        Folders.delete(removed);
    }

    /** Removes entries, those first that were used longest ago, until the rest is small enough. */
    void bound() throws IOException {
        List<Entry> entries = new ArrayList<>();
        long bytes = 0;
        for (Path path : inPackages()) {
            if (isEntry(path)) {
                Entry entry = new Entry(path, recorded(path), used(path));
                entries.add(entry);
                bytes += entry.bytes();
            }
        }
        entries.sort(Comparator.comparing(Entry::used));
        for (Entry entry : entries) {
            if (bytes <= mostBytes) {
                return;
            }
            remove(entry.path());
            bytes -= entry.bytes();
        }
    }

    /** Removes what was being made or removed by somebody who has ended. */
    void removeAbandoned() throws IOException {
        for (Path path : inPackages()) {
            String name = path.getFileName().toString();
            if ((name.startsWith(NEW) || name.startsWith(OLD))
                    && changed(path).toInstant().plus(ABANDONED).isBefore(Instant.now())) {
                Folders.delete(path);
            }
        }
    }

    /** {@code PLATFORM/NAME==VERSION/*}. */
    private List<Path> inPackages() throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path platform : folders(folder)) {
            for (Path home : folders(platform)) {
                found.addAll(folders(home));
            }
        }
        return found;
    }

    /** The folders in a folder; none if it is gone. */
    private static List<Path> folders(Path parent) throws IOException {
        try (Stream<Path> all = Files.list(parent)) {
            return all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static long recorded(Path entry) throws IOException {
        try {
            return Long.parseLong(Files.readString(entry.resolve(BYTES)));
        } catch (NoSuchFileException | NumberFormatException e) {
            // Of an older worker's, or gone.
            return bytesOf(entry);
        }
    }

    private static long bytesOf(Path entry) throws IOException {
        long bytes = 0;
        try (Stream<Path> all = Files.walk(entry)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                bytes += Files.size(path);
            }
            return bytes;
        } catch (NoSuchFileException e) {
            return 0; // somebody removes it
        } catch (UncheckedIOException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                return 0;
            }
            throw e.getCause();
        }
    }

    private static FileTime used(Path entry) throws IOException {
        try {
            return Files.getLastModifiedTime(entry.resolve(USED), LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return changed(entry);
        }
    }

    private static FileTime changed(Path path) throws IOException {
        try {
            return Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return FileTime.from(Instant.now());
        }
    }
}
