package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder that {@code init} makes: settings, the default tree, the registry, packages, logs. Knows whether a worker
 * runs on it. Safe for use by many threads.
 */
public final class WorkerDirectory {

    /** Name of the tree file that {@code init} writes. */
    public static final String DEFAULT_TREE = "default-zygotes-40.json";

    private static final String RUNNING = "worker.json";

    private final Path path;
    private final Overrides overrides;

    private WorkerDirectory(Path path) {
        this(path, Overrides.NONE);
    }

    private WorkerDirectory(Path path, Overrides overrides) {
        this.path = path;
        this.overrides = overrides;
    }

    /**
     * Makes a worker directory. It appears whole or not at all.
     *
     * @param path where; must not exist or be empty
     * @param defaultTree the content of {@code default-zygotes-40.json}; not closed
     * @throws FileAlreadyExistsException if there is something already
     * @throws IOException if it cannot be written
     */
    public static WorkerDirectory init(Path path, InputStream defaultTree) throws IOException {
        Path target = path.toAbsolutePath().normalize();
        if (Files.exists(target) && !isEmptyFolder(target)) {
            throw new FileAlreadyExistsException(
                    target.toString(),
                    null,
                    "exists already and is not empty; choose another directory with -p, or remove this one");
        }
        Files.createDirectories(target.getParent());
        Path staging = Files.createTempDirectory(target.getParent(), "." + target.getFileName() + "-");
        try {
            Files.createDirectory(staging.resolve("packages"));
            // What lambdas are told in ol.yaml, and what they print, is nobody else's.
            Folders.createPrivate(staging.resolve("registry"));
            Folders.createPrivate(staging.resolve("logs"));
            OwnFolder.mark(staging.resolve("packages"));
            Files.copy(defaultTree, staging.resolve(DEFAULT_TREE));
            Files.writeString(
                    staging.resolve(WorkerConfig.FILE),
                    WorkerConfig.defaults(target).toJson());
            // Temporary folders are for their owner alone; this one is to be read by those who ask for its state.
            Files.setPosixFilePermissions(staging, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            Folders.delete(staging);
            throw e;
        }
        return new WorkerDirectory(target.toRealPath());
    }

    /**
     * Opens a worker directory.
     *
     * @throws ConfigException if there is none at that path
     * @throws IOException if it cannot be read
     */
    public static WorkerDirectory open(Path path) throws ConfigException, IOException {
        if (!Files.isRegularFile(path.resolve(WorkerConfig.FILE))) {
            throw new ConfigException(
                    path.toAbsolutePath().normalize().toString(),
                    "is no worker directory (it has no " + WorkerConfig.FILE + "); 'zygotes init -p " + path
                            + "' makes one");
        }
        return new WorkerDirectory(path.toRealPath());
    }

    /** This directory, with other settings on top of those of its file. */
    public WorkerDirectory with(Overrides others) {
        return new WorkerDirectory(path, others);
    }

    /** What is set on top of its file. */
    public Overrides overrides() {
        return overrides;
    }

    /** Whether there is a worker directory at that path. */
    public static boolean exists(Path path) {
        return Files.isRegularFile(path.resolve(WorkerConfig.FILE));
    }

    /** The directory, absolute, without symbolic links. */
    public Path path() {
        return path;
    }

    /** The file with the settings. */
    public Path configFile() {
        return path.resolve(WorkerConfig.FILE);
    }

    /**
     * Reads the settings, each time anew.
     *
     * @throws ConfigException as {@link WorkerConfig#read}
     * @throws IOException if the file cannot be read
     */
    public WorkerConfig config() throws ConfigException, IOException {
        return WorkerConfig.read(configFile(), overrides);
    }

    /**
     * Takes the directory for a worker, and the folders that its settings name: for its state, and for packages. No
     * other worker can have any of them until the lock is closed or this process ends. They are made if they are not
     * there.
     *
     * @param config the settings
     * @throws ConfigException if another worker has one of them; the message says which, and what to do
     * @throws IOException if a lock's file cannot be written
     */
    public Lock lock(WorkerConfig config) throws ConfigException, IOException {
        Files.createDirectories(config.stateFolder());
        Files.createDirectories(config.packagesFolder());
        return lockAll(config);
    }

    /**
     * As {@link #lock}, for somebody who removes what a dead worker left: folders that are not there stay so.
     *
     * @param config the settings
     * @throws ConfigException as {@link #lock}
     * @throws IOException as {@link #lock}
     */
    public Lock lockToClean(WorkerConfig config) throws ConfigException, IOException {
        return lockAll(config);
    }

    private Lock lockAll(WorkerConfig config) throws ConfigException, IOException {
        FolderLock.Holder holder = FolderLock.Holder.ofThisProcess(path);
        List<FolderLock> locks = new ArrayList<>();
        boolean whole = false;
        try {
            locks.add(FolderLock.take(path, holder).orElseThrow(this::taken));
            lockOther(config.stateFolder(), "worker_dir", holder, locks);
            lockOther(config.packagesFolder(), "pkgs_dir", holder, locks);
            // What a dead worker left says nothing about this one.
            Files.deleteIfExists(path.resolve(RUNNING));
            whole = true;
            return new Lock(path, locks);
        } finally {
            if (!whole) {
                Lock.closeAll(locks);
            }
        }
    }

    /** Unless it is one that is locked already, under whatever name. */
    private static void lockOther(Path folder, String key, FolderLock.Holder holder, List<FolderLock> locks)
            throws ConfigException, IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Path real = folder.toRealPath();
        if (locks.stream().anyMatch(lock -> lock.folder().equals(real))) {
            return;
        }
        Optional<FolderLock> lock = FolderLock.take(real, holder);
        if (lock.isPresent()) {
            locks.add(lock.get());
            return;
        }
        Optional<FolderLock.Holder> other = FolderLock.holder(real);
        String who = other.map(had ->
                        "of " + had.directory() + " (process " + had.process().pid() + ")")
                .orElse("of another directory");
        String down =
                other.map(had -> "'zygotes down -p " + had.directory() + "'").orElse("'zygotes down'");
        throw new ConfigException(
                WorkerConfig.FILE + ": $." + key,
                "names " + real + ", which the worker " + who + " has, and each would remove what the other needs: set "
                        + key + " to another folder, or stop that worker with " + down);
    }

    private ConfigException taken() {
        String who = "";
        try {
            who = readRunning()
                    .map(worker -> " (process " + worker.pid() + ", port " + worker.port() + ")")
                    .or(this::starting)
                    .orElse("");
        } catch (IOException e) {
            // That somebody has it is the news; who it is cannot be read.
            who = " (" + e.getMessage() + ")";
        }
        return new ConfigException(
                path.toString(), "a worker runs on this directory already" + who + "; 'zygotes down' ends it");
    }

    private Optional<String> starting() {
        try {
            return FolderLock.holder(path)
                    .map(holder -> " (process " + holder.process().pid() + ")");
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The worker that runs on this directory now. What a dead worker left is not taken for one, whatever process has
     * its id by now. A worker that is still starting has port -1.
     *
     * @throws IOException if the directory cannot be read
     */
    public Optional<Running> running() throws IOException {
        if (!FolderLock.isTaken(path)) {
            return Optional.empty();
        }
        return Optional.of(readRunning().orElse(new Running(-1, -1, Instant.EPOCH)));
    }

    /**
     * Why the worker that runs here is none that this process could signal by its process id: it is in another
     * container, say, where the id is another's.
     *
     * @return what is the case and what to do, as the end of a sentence; empty if it can be signalled, or none runs
     * @throws IOException if the directory cannot be read
     */
    public Optional<String> outOfReach() throws IOException {
        return FolderLock.holder(path).flatMap(holder -> holder.process().notHere());
    }

    /**
     * Whether the last worker of this directory ended without cleaning up, because it was killed, and nobody has
     * cleaned up since.
     *
     * @throws IOException if the directory cannot be read
     */
    public boolean hasDeadWorker() throws IOException {
        return FolderLock.isAbandoned(path);
    }

    private Optional<Running> readRunning() throws IOException {
        JsonNode node = Records.read(path.resolve(RUNNING));
        return node.isObject()
                ? Optional.of(new Running(
                        node.path("pid").asLong(-1),
                        node.path("port").asInt(-1),
                        Instant.ofEpochMilli(node.path("started_ms").asLong())))
                : Optional.empty();
    }

    private static boolean isEmptyFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    /**
     * A worker that runs.
     *
     * @param pid its process id; -1 while it is starting
     * @param port the TCP port of its HTTP server; -1 while it is starting
     * @param started when it started; the epoch while it is starting
     */
    public record Running(long pid, int port, Instant started) {

        /** Checks for null. */
        public Running {
            Objects.requireNonNull(started);
        }
    }

    /** Keeps the directory, and the folders of its settings, for one worker until it is closed. */
    public static final class Lock implements AutoCloseable {

        private final Path path;
        private final List<FolderLock> locks;
        private boolean closed;

        private Lock(Path path, List<FolderLock> locks) {
            this.path = path;
            this.locks = locks;
        }

        /**
         * Tells everybody that the worker serves now: writes {@code worker.json}.
         *
         * @param port the TCP port of its HTTP server
         * @throws IOException if the file cannot be written
         */
        public void announce(int port) throws IOException {
            ObjectNode node = Records.JSON.createObjectNode();
            node.put("pid", ProcessHandle.current().pid());
            node.put("port", port);
            node.put("started_ms", System.currentTimeMillis());
            Folders.write(path.resolve(RUNNING), Records.JSON.writeValueAsBytes(node));
        }

        /** Gives the directory free. Idempotent. */
        @Override
        public synchronized void close() throws IOException {
            if (closed) {
                return;
            }
            closed = true;
            try {
                Files.deleteIfExists(path.resolve(RUNNING));
            } finally {
                closeAll(locks);
            }
        }

        /** The directory's own last: it says that all is free. */
        private static void closeAll(List<FolderLock> locks) throws IOException {
            IOException failed = null;
            for (FolderLock lock : locks.reversed()) {
                try {
                    lock.close();
                } catch (IOException e) {
                    failed = e;
                }
            }
            if (failed != null) {
                throw failed;
            }
        }
    }
}
