package io.zygotes.launcher.measure.session;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Where a measurement happens: a temporary folder with a worker directory, one worker at a time on it, and whatever
 * else runs beside. Nothing of it is left once it is closed, which may happen at any time and on another thread. Safe
 * for use by many threads.
 */
public final class Workplace implements Closeable {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final List<Running> beside = new ArrayList<>();
    private WorkerDirectory directory;
    private Optional<Running> worker = Optional.empty();
    private boolean closed;

    private Workplace(Path folder) {
        this.folder = folder;
    }

    /** Something that runs until it is closed. */
    @FunctionalInterface
    public interface Running extends AutoCloseable {
        /** Ends it, and waits for its end. */
        @Override
        void close();
    }

    /**
     * Starts something.
     *
     * @param <R> what
     */
    @FunctionalInterface
    public interface Start<R extends Running> {
        /**
         * Starts it. Nothing runs if this fails.
         *
         * @return what runs now
         * @throws ConfigException if a worker refuses its settings
         * @throws SandboxException if this machine cannot run the sandboxes
         * @throws IOException if a file cannot be read or written
         * @throws InterruptedException if the thread is interrupted
         * @throws Failure if it cannot be started for another reason
         */
        R start() throws ConfigException, SandboxException, IOException, InterruptedException, Failure;
    }

    /**
     * Makes the temporary folder, and nothing in it.
     *
     * @param purpose a word for its name
     * @return the workplace, which has no worker directory before {@link #furnish}
     * @throws IOException if it cannot be made
     */
    public static Workplace of(String purpose) throws IOException {
        return new Workplace(Files.createTempDirectory("zygotes-" + purpose + "-"));
    }

    /** The temporary folder: for sources of lambdas, and what else goes with the measurement. */
    public Path folder() {
        return folder;
    }

    /**
     * Makes the worker directory, for a worker on any free port of this machine.
     *
     * @param defaultTree the content of its {@code default-zygotes-40.json}
     * @throws IOException if it cannot be made
     */
    public synchronized void furnish(byte[] defaultTree) throws IOException {
        directory = WorkerDirectory.init(folder.resolve("worker"), new ByteArrayInputStream(defaultTree));
        change(config -> config.put("worker_url", "localhost").put("worker_port", 0));
    }

    /** The worker directory; after {@link #furnish}. */
    public synchronized WorkerDirectory directory() {
        return directory;
    }

    /**
     * The settings; after {@link #furnish}.
     *
     * @throws ConfigException if they are wrong
     * @throws IOException if they cannot be read
     */
    public WorkerConfig config() throws ConfigException, IOException {
        return directory().config();
    }

    /** Changes the settings, for the next worker; after {@link #furnish}. */
    public synchronized void change(Consumer<ObjectNode> change) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(directory.configFile().toFile());
        change.accept(config);
        Files.writeString(directory.configFile(), config.toPrettyString());
    }

    /** Has the next worker use this import cache; after {@link #furnish}. */
    public void choose(String importCache) throws IOException {
        change(config -> config.withObjectProperty("features").put("import_cache", importCache));
    }

    /**
     * Has workers keep packages elsewhere; after {@link #furnish}.
     *
     * @param packages where; empty for a folder that goes with the measurement
     */
    public void keepPackages(Optional<Path> packages) throws IOException {
        if (packages.isPresent()) {
            change(config ->
                    config.put("pkgs_dir", packages.get().toAbsolutePath().toString()));
        }
    }

    /**
     * Puts a lambda into the registry, or its new code.
     *
     * @param name whose, for the error
     * @param source the lambda's folder, which has its name
     * @throws Failure if the registry refuses it
     */
    public void install(String name, Path source) throws IOException, ConfigException, Failure {
        try {
            new LambdaStore(config().registryFolder()).install(source);
        } catch (RegistryException e) {
            throw new Failure("the lambda " + name + " cannot be installed: " + e.getMessage(), e);
        }
    }

    /**
     * The interpreter that sandboxes use; after {@link #furnish}. Its path is taken and not its name, by which another
     * environment may find another one.
     *
     * @throws Failure if there is none
     */
    public HostPython python() throws IOException, ConfigException, Failure, InterruptedException {
        try {
            return HostPython.probe(config().python());
        } catch (PythonException e) {
            throw new Failure(e.getMessage(), e);
        }
    }

    /**
     * Starts a worker, after the one that runs was stopped. It ends with the workplace at the latest.
     *
     * @throws Failure if the workplace is closed
     */
    public synchronized <R extends Running> R worker(Start<R> start)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        requireOpen();
        stopWorker();
        R started = start.start();
        worker = Optional.of(started);
        return started;
    }

    /** Stops the worker, if one runs. */
    public synchronized void stopWorker() {
        worker.ifPresent(Running::close);
        worker = Optional.empty();
    }

    /**
     * Starts something that is no worker. It ends with the workplace at the latest.
     *
     * @throws Failure if the workplace is closed
     */
    public synchronized <R extends Running> R beside(Start<R> start)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        requireOpen();
        R started = start.start();
        beside.add(started);
        return started;
    }

    /**
     * Goes on only if the workplace is open.
     *
     * @throws Failure if it is closed
     */
    public synchronized void requireOpen() throws Failure {
        if (closed) {
            throw new Failure("the measurement was stopped");
        }
    }

    /** Ends what runs and removes the temporary folder. Idempotent. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            endAll();
        } finally {
            Folders.delete(folder);
        }
    }

    private void endAll() {
        try {
            beside.forEach(Running::close);
        } finally {
            stopWorker();
        }
    }
}
