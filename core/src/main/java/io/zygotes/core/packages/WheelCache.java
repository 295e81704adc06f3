package io.zygotes.core.packages;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Wheels that were installed before, unpacked and with their byte code, for all workers that name the same folder. Only
 * the worker itself writes there, after the sandbox of an install has ended, and only what that sandbox took from
 * wheels that were compared with a hash: nothing of a package ran in it. Sandboxes never see the folder. Files are
 * linked, not copied, where both folders are on one disk. It stays below a size ({@link WheelEviction}). Safe for use by many threads, and by many workers.
 *
 * <p>An entry is {@code PLATFORM/NAME==VERSION/KEY}: a package's folder, the hash of its files ({@code tree}), and in
 * {@code sources} an empty file for each setting of indexes that led to it.
 */
public final class WheelCache {

    private static final Logger LOG = System.getLogger(WheelCache.class.getName());
    private static final String TREE = "tree";
    private static final String SOURCES = "sources";
    private static final String PACKAGE = "package";
    private static final String ADVICE = "move that elsewhere, or set wheel_cache in config.json to another folder";

    private final Optional<Path> folder;
    private final Optional<WheelEviction> eviction;
    private final Supplier<String> platform;
    private volatile boolean usable;

    /**
     * @param folder the folder; empty for no cache
     * @param cacheTag what the packages are for, such as {@code cpython-311}; asked from {@link #open} on
     * @param surroundings all else that says which wheels fit and what they need: the interpreter, the system
     */
    public WheelCache(Optional<Path> folder, Supplier<String> cacheTag, Supplier<String> surroundings) {
        this(folder, cacheTag, surroundings, WheelEviction.MOST_BYTES);
    }

    /** @param mostBytes how large all files together may be */
    WheelCache(Optional<Path> folder, Supplier<String> cacheTag, Supplier<String> surroundings, long mostBytes) {
        this.folder = folder;
        this.eviction = folder.map(path -> new WheelEviction(path, mostBytes));
        this.platform =
                () -> cacheTag.get() + "-" + FileTree.hash(surroundings.get()).substring(0, 16);
    }

    /** No cache: nothing is kept. */
    public static WheelCache none() {
        return new WheelCache(Optional.empty(), () -> "", () -> "");
    }

    /**
     * Looks whether the folder may be used. Whoever can write there decides what lambdas run, so that a folder of
     * another user, or one that others can write to, is left alone.
     *
     * @throws ConfigException if it holds something that is no worker's
     * @throws IOException if it cannot be read
     */
    void open() throws ConfigException, IOException {
        if (folder.isEmpty()) {
            return;
        }
        Path path = folder.get();
        OwnFolder own = new OwnFolder(path, ADVICE, _ -> false);
        own.requireNotForeign();
        Optional<String> fault = Files.exists(path) ? fault(path) : Optional.empty();
        fault.ifPresent(text -> LOG.log(
                Level.WARNING, "wheel_cache is not used, because " + path + " " + text + "; packages are downloaded"));
        usable = fault.isEmpty();
        if (usable && Files.exists(path)) {
            tidy();
        }
    }

    private void tidy() {
        try {
            eviction.orElseThrow().removeAbandoned();
            eviction.orElseThrow().bound();
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "wheel_cache may grow, because what is old in it cannot be removed: " + e.getMessage());
        }
    }

    private static Optional<String> fault(Path path) throws IOException {
        Object owner = Files.getAttribute(path, "unix:uid");
        Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (!owner.equals(own)) {
            return Optional.of("belongs to user " + owner);
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        return permissions.contains(PosixFilePermission.GROUP_WRITE)
                        || permissions.contains(PosixFilePermission.OTHERS_WRITE)
                ? Optional.of("can be written by others than its owner")
                : Optional.empty();
    }

    private Path home(PackageId id) {
        return folder.orElseThrow().resolve(platform.get()).resolve(id.toString());
    }

    /**
     * Makes the folder of a package from what is kept.
     *
     * @param wanted with hashes, whatever has one of them, wherever it came from; without, what the same sources gave
     * @param sources as {@link io.zygotes.core.python.HostPip#sources}
     * @param content the folder to make
     * @return false if there is nothing that fits
     * @throws IOException if the folder cannot be made
     */
    boolean take(Wanted wanted, Optional<String> sources, Path content) throws IOException {
        if (!usable || !Files.isDirectory(home(wanted.id()), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        List<Path> entries;
        try (Stream<Path> found = Files.list(home(wanted.id()))) {
            entries = found.filter(WheelEviction::isEntry).sorted().toList();
        }
        for (Path entry : entries) {
            if (fits(entry, wanted, sources) && taken(entry, content)) {
                return true;
            }
        }
        return false;
    }

    private static boolean fits(Path entry, Wanted wanted, Optional<String> sources) throws IOException {
        if (wanted.hashes().isEmpty()) {
            return sources.isPresent() && Files.exists(entry.resolve(SOURCES).resolve(FileTree.hash(sources.get())));
        }
        Set<String> verified = PackageFolder.verified(entry.resolve(PACKAGE));
        return !verified.isEmpty() && wanted.hashes().containsAll(verified);
    }

    private static boolean taken(Path entry, Path content) throws IOException {
        String tree;
        try {
            tree = Files.readString(entry.resolve(TREE));
            FileTree.link(entry.resolve(PACKAGE), content);
        } catch (NoSuchFileException e) {
            // Another worker removes it.
            Folders.delete(content);
            return false;
        }
        if (FileTree.of(content).equals(tree)) {
            WheelEviction.use(entry);
            return true;
        }
        LOG.log(Level.WARNING, entry + " is not what was kept there; it is removed, and the package is downloaded");
        Folders.delete(content);
        WheelEviction.remove(entry);
        return false;
    }

    /**
     * Keeps a package that was installed from a wheel. What cannot be kept is told in the log: nobody needs the cache.
     *
     * @param installed with the hashes of which its archive has one; without any it is not kept
     * @param sources what gave it to somebody who asked for no hash; empty if hashes were asked for
     */
    void keep(Installed installed, Optional<String> sources) {
        if (!usable || installed.verified().isEmpty()) {
            return;
        }
        PackageId id = installed.info().id();
        try {
            new OwnFolder(folder.orElseThrow(), ADVICE, _ -> false).claim();
            Path home = Files.createDirectories(home(id));
            Path entry = home.resolve(FileTree.hash(String.join(
                            "\n", installed.verified().stream().sorted().toList()))
                    .substring(0, 32));
            if (!Files.exists(entry)) {
                put(installed.info().folder().getParent(), home, entry);
                tidy();
            }
            if (sources.isPresent() && Files.exists(entry)) {
                Path mark = Files.createDirectories(entry.resolve(SOURCES)).resolve(FileTree.hash(sources.get()));
                if (!Files.exists(mark)) {
                    Files.createFile(mark);
                }
            }
        } catch (FileAlreadyExistsException e) {
            LOG.log(Level.DEBUG, id + " was kept by another worker", e);
        } catch (IOException | ConfigException e) {
            LOG.log(Level.WARNING, id + " is not kept in wheel_cache: " + e.getMessage());
        }
    }

    private void put(Path from, Path home, Path entry) throws IOException {
        Path made = WheelEviction.begin(home);
        try {
            FileTree.link(from, made.resolve(PACKAGE));
            Files.write(made.resolve(TREE), FileTree.of(made.resolve(PACKAGE)).getBytes(StandardCharsets.US_ASCII));
            if (eviction.orElseThrow().admits(made)) {
                Files.move(made, entry, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (DirectoryNotEmptyException | AtomicMoveNotSupportedException e) {
            throw new FileAlreadyExistsException(entry.toString());
        } finally {
            Folders.delete(made);
        }
    }
}
