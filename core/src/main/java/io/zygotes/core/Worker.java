package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.function.Functions;
import io.zygotes.core.function.InstallProgress;
import io.zygotes.core.guard.GuardedProvider;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.http.PrivateFront;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.status.WorkerNumbers;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import jakarta.inject.Inject;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A worker: serves the lambdas of one worker directory over HTTP. Made by Guice with {@link CoreModule}; {@link #start}
 * is called once, {@link #close} any number of times and from any thread, such as a shutdown hook.
 */
public final class Worker implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Worker.class.getName());

    private final WorkerConfig config;
    private final WorkerDirectory directory;
    private final StartSequence sequence;
    private final HttpFront http;
    private final SandboxPool pool;
    private final Functions functions;
    private final PackageStore packages;
    private final ImportCacheSwitch cacheSwitch;
    private final WorkerNumbers numbers;
    private final PrivateFront privateFront;
    private final UndoStack started = new UndoStack();
    private boolean startedOnce;
    private volatile int port = -1;

    @Inject
    Worker(
            WorkerConfig config,
            WorkerDirectory directory,
            StartSequence sequence,
            HttpFront http,
            SandboxPool pool,
            Functions functions,
            PackageStore packages,
            ImportCacheSwitch cacheSwitch,
            WorkerNumbers numbers,
            PrivateFront privateFront) {
        this.config = config;
        this.directory = directory;
        this.sequence = sequence;
        this.http = http;
        this.pool = pool;
        this.functions = functions;
        this.packages = packages;
        this.cacheSwitch = cacheSwitch;
        this.numbers = numbers;
        this.privateFront = privateFront;
        started.push("threads", sequence::endThreads);
    }

    /**
     * Starts the worker; when it returns, requests are served and {@code worker.json} says where. After an exception
     * everything is as before.
     *
     * @throws ConfigException if a setting is wrong, another worker has the directory, the port is in use, or the
     *     Python that it names cannot be used
     * @throws SandboxException if this machine cannot run the sandboxes
     * @throws IOException if files cannot be read or written
     * @throws InterruptedException if the calling thread is interrupted
     */
    public synchronized void start() throws ConfigException, SandboxException, IOException, InterruptedException {
        start(() -> {});
    }

    /**
     * As {@link #start()}.
     *
     * @param serving run when requests are served, before {@code worker.json} says where: who waits for that file finds
     *     what this makes
     */
    public synchronized void start(Runnable serving)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        if (startedOnce) {
            throw new IllegalStateException("a worker starts only once");
        }
        startedOnce = true;
        boolean done = false;
        try {
            startAll(serving);
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** The directory is taken before anything in it is touched, and told last that there is a worker. */
    private void startAll(Runnable serving)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        OwnFolders.of(config).requireNoneForeign();
        WorkerDirectory.Lock lock = directory.lock(config);
        started.push("directory lock", lock);
        for (StartStep step : sequence.steps()) {
            started.push(step.what(), step.starter().start());
        }
        port = http.port();
        serving.run();
        lock.announce(port);
        LOG.log(Level.INFO, "worker ready on " + config.workerUrl() + ":" + port + ", directory " + directory.path());
    }

    /**
     * Switches to another import cache, or to the same one with other settings, while requests are served. When this
     * returns, new leaves come from the new one; the old one ends with the last leaf that it is making, and its zygotes
     * with it. Leaves that exist stay. After an exception everything goes on as before.
     *
     * @param settings where {@code import_cache_tree} and {@code plugins} are taken from; nothing else of it is used
     * @param caches the import cache to switch to
     * @throws ConfigException if a setting is wrong or the import cache fails to start
     * @throws IllegalStateException if the worker does not serve
     */
    public synchronized void reload(WorkerConfig settings, ImportCacheProvider caches) throws ConfigException {
        if (port < 0) {
            throw new IllegalStateException("this worker does not serve: it has not started yet, or it stops");
        }
        cacheSwitch.reload(settings, GuardedProvider.around(caches));
    }

    /**
     * Says that something was installed into the registry: it is read, checked and compiled behind the back of the
     * requests, before anybody calls it. Returns at once.
     */
    public void prepare() {
        functions.prepare();
    }

    /** As {@link Functions#installAhead}. */
    public InstallProgress installAhead(String lambda) throws RegistryException, IOException {
        return functions.installAhead(lambda);
    }

    /** Answers what comes over the private socket of the worker directory, when the worker serves. */
    public PrivateFront privateFront() {
        return privateFront;
    }

    /** The TCP port of the HTTP server; -1 when the worker does not serve. */
    public int port() {
        return port;
    }

    /** The present shape of the import cache; empty before the worker serves. */
    public CacheShape shape() {
        return cacheSwitch.shape();
    }

    /** The leaves of a lambda that live now; a snapshot. To destroy one that serves a request fails the request. */
    public List<Leaf> leaves(String lambda) {
        return leaves().stream()
                .filter(leaf -> leaf.spec().lambda().equals(lambda))
                .toList();
    }

    /** All leaves that live now; a snapshot. */
    public List<Leaf> leaves() {
        return living(Leaf.class);
    }

    /** The zygotes that live now; a snapshot. To destroy one makes the import cache replace it when it needs it. */
    public List<Zygote> zygotes() {
        return living(Zygote.class);
    }

    private <S extends Sandbox> List<S> living(Class<S> kind) {
        return pool.sandboxes().stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    /** A package if it is installed; empty before the worker serves. */
    public Optional<PackageInfo> installed(PackageId id) {
        return packages.installed(id);
    }

    /** All numbers of {@code /stats}. */
    public Map<String, Number> statistics() {
        return numbers.all();
    }

    /**
     * Stops the worker: refuses new requests, lets running ones end within 10 s, and frees everything that it has on
     * the machine. Returns when that is done; later calls return at once.
     */
    @Override
    public synchronized void close() {
        started.undoAll();
        port = -1;
    }
}
