package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The folder that {@code init} makes: settings, the default tree, the registry, packages, logs. Knows whether a worker
 * runs on it. Safe for use by many threads.
 */
public final class WorkerDirectory {

    /** Name of the tree file that {@code init} writes. */
    public static final String DEFAULT_TREE = "default-zygotes-40.json";

    private static final String LOCK = "worker.lock";
    /**
     * Bytes of the lock's file. A worker has both. Who only looks takes the second one for a moment, so that it never
     * keeps a worker that starts just then from the first.
     */
    private static final long OWNED = 0, SEEN = 1;

    private static final String RUNNING = "worker.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Directories locked by this process. POSIX locks belong to the process and go with the first descriptor of the
     * file that it closes, so a look at {@link #running} must not open the file of a lock that this process holds.
     */
    private static final Map<Path, Lock> HELD = new ConcurrentHashMap<>();

    private final Path path;

    private WorkerDirectory(Path path) {
        this.path = path;
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
            for (String folder : new String[] {"registry", "packages", "logs"}) {
                Files.createDirectory(staging.resolve(folder));
            }
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
        return WorkerConfig.read(configFile());
    }

    /**
     * Takes the directory for a worker. No other worker can have it until the lock is closed or this process ends.
     *
     * @throws ConfigException if another worker has it; the message says which
     * @throws IOException if the lock's file cannot be written
     */
    public Lock lock() throws ConfigException, IOException {
        synchronized (HELD) {
            if (HELD.containsKey(path)) {
                throw taken();
            }
            FileChannel channel =
                    FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock(OWNED, 1, false) == null) {
                    channel.close();
                    throw taken();
                }
                channel.lock(SEEN, 1, false);
                // What a dead worker left says nothing about this one.
                Files.deleteIfExists(path.resolve(RUNNING));
                Lock held = new Lock(path, channel);
                HELD.put(path, held);
                return held;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    private ConfigException taken() throws IOException {
        String who = readRunning()
                .map(worker -> " (process " + worker.pid() + ", port " + worker.port() + ")")
                .orElse("");
        return new ConfigException(
                path.toString(), "a worker runs on this directory already" + who + "; 'zygotes down' ends it");
    }

    /**
     * The worker that runs on this directory now. What a dead worker left is not taken for one, whatever process has
     * its id by now. A worker that is still starting has port -1.
     *
     * @throws IOException if the directory cannot be read
     */
    public Optional<Running> running() throws IOException {
        synchronized (HELD) {
            if (!HELD.containsKey(path) && !lockedByOther()) {
                return Optional.empty();
            }
            return Optional.of(readRunning().orElse(new Running(-1, -1, Instant.EPOCH)));
        }
    }

    private boolean lockedByOther() throws IOException {
        // A shared lock is enough to see the worker's, and needs no right to write: others than root ask, too.
        try (FileChannel channel = FileChannel.open(path.resolve(LOCK), StandardOpenOption.READ)) {
            try (FileLock lock = channel.tryLock(SEEN, 1, true)) {
                return lock == null;
            }
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private Optional<Running> readRunning() throws IOException {
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(path.resolve(RUNNING)));
            return Optional.of(new Running(
                    node.path("pid").asLong(-1),
                    node.path("port").asInt(-1),
                    Instant.ofEpochMilli(node.path("started_ms").asLong())));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
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

    /** Keeps the directory for one worker until it is closed. */
    public static final class Lock implements AutoCloseable {

        private final Path path;
        private final FileChannel channel;

        private Lock(Path path, FileChannel channel) {
            this.path = path;
            this.channel = channel;
        }

        /**
         * Tells everybody that the worker serves now: writes {@code worker.json}.
         *
         * @param port the TCP port of its HTTP server
         * @throws IOException if the file cannot be written
         */
        public void announce(int port) throws IOException {
            ObjectNode node = JSON.createObjectNode();
            node.put("pid", ProcessHandle.current().pid());
            node.put("port", port);
            node.put("started_ms", System.currentTimeMillis());
            Folders.write(path.resolve(RUNNING), JSON.writeValueAsBytes(node));
        }

        /** Gives the directory free. Idempotent. */
        @Override
        public void close() throws IOException {
            synchronized (HELD) {
                if (!channel.isOpen()) {
                    return;
                }
                try {
                    Files.deleteIfExists(path.resolve(RUNNING));
                } finally {
                    HELD.remove(path, this);
                    channel.close();
                }
            }
        }
    }
}
