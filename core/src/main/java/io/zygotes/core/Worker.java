package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.function.CallListener;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.http.WorkerApi;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Options;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import jakarta.inject.Inject;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A worker: serves the lambdas of one worker directory over HTTP. Made by Guice with {@link CoreModule}; {@link #start}
 * is called once, {@link #close} any number of times and from any thread, such as a shutdown hook.
 */
public final class Worker implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Worker.class.getName());

    private static final long OUTPUT_BYTES_A_FILE = 10L << 20;
    private static final long OUTPUT_BYTES_A_SECOND = 1L << 20;
    /** About half a million calls. */
    private static final long TRACE_BYTES_A_FILE = 50L << 20;
    /** How long {@link #close} lets running requests go on. */
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final WorkerConfig config;
    private final WorkerDirectory directory;
    private final ImportCacheProvider firstCaches;
    private final SandboxMechanismProvider mechanisms;
    private final SandboxPool pool;
    private final LambdaStore store;
    private final HttpFront http;
    private final Statistics statistics;
    private final long startedNanos = System.nanoTime();
    /** What was started, last one first: undone in that order, after a failed start as well as at the end. */
    private final Deque<Step> undo = new ArrayDeque<>();

    private volatile CurrentCache cache;
    private volatile String cacheName = "";
    private volatile Packages packages;
    private volatile Functions functions;
    private volatile OutputSink output;
    private volatile Optional<TraceLog> record = Optional.empty();
    private volatile int port = -1;
    private boolean started;

    /** Something to undo, with its name for the log. */
    private record Step(String what, AutoCloseable closing) {}

    @Inject
    Worker(
            WorkerConfig config,
            WorkerDirectory directory,
            ImportCacheProvider caches,
            SandboxMechanismProvider mechanisms,
            SandboxPool pool,
            LambdaStore store,
            HttpFront http,
            Statistics statistics) {
        this.config = config;
        this.directory = directory;
        this.firstCaches = caches;
        this.mechanisms = mechanisms;
        this.pool = pool;
        this.store = store;
        this.http = http;
        this.statistics = statistics;
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
        if (started) {
            throw new IllegalStateException("a worker starts only once");
        }
        started = true;
        boolean serving = false;
        try {
            startAll();
            serving = true;
        } finally {
            if (!serving) {
                undoAll();
            }
        }
    }

    private void startAll() throws ConfigException, SandboxException, IOException, InterruptedException {
        WorkerDirectory.Lock lock = directory.lock();
        onClose("directory lock", lock);
        onClose("HTTP server", http);
        int bound = bind();
        HostPython python = probePython();
        Path state = Files.createDirectories(config.stateFolder());
        Files.createDirectories(config.registryFolder());
        startOutput(state);

        PackageStore packages = new PackageStore(
                config.packagesFolder(),
                python.cacheTag(),
                config.installerLimits(),
                () -> HostPip.probe(config.python(), config.pipMirror(), System.getenv()),
                pool::run,
                config.trace().packages());
        packages.open();
        Path costs = state.resolve("import-costs.json");
        packages.loadCosts(costs);
        this.packages = packages;
        LambdaRegistry registry = registry(state, python);

        SandboxMechanism mechanism = mechanisms.start(mechanismContext(state, packages));
        onClose("sandboxes", mechanism);
        startRecord(state, packages);
        pool.start(mechanism, new EventRecorder(statistics, packages, pool, config.trace(), record));
        onClose("pool", pool);
        onClose("import costs", () -> packages.saveCosts(costs));
        onClose("installers", packages);

        cache = new CurrentCache(pool, sandboxes -> makeCache(firstCaches, config, sandboxes));
        cacheName = firstCaches.name();
        onClose("import cache", cache);
        functions = new Functions(
                registry,
                packages,
                pool,
                cache,
                statistics,
                calls(),
                config.maxWaiting(),
                Duration.ofSeconds(config.maxWaitSec()));
        onClose("lambdas", functions);

        WorkerApi api = new WorkerApi(
                functions,
                store,
                statistics,
                this::statistics,
                this::debug,
                config.trace().latency());
        http.serve(api, config.allowLambdaCalls() ? (client, server) -> false : mechanism::isFromSandbox);
        onClose("running requests", () -> drain(api));
        lock.announce(bound);
        port = bound;
        LOG.log(Level.INFO, "worker ready on " + config.workerUrl() + ":" + port + ", directory " + directory.path());
    }

    private int bind() throws ConfigException {
        try {
            return http.bind();
        } catch (IOException | RuntimeException e) {
            throw new ConfigException(
                    WorkerConfig.FILE + ": $.worker_port",
                    "cannot listen on " + config.workerUrl() + ":" + config.workerPort() + " (" + rootMessage(e)
                            + "); end what uses the port, or choose another one (0 takes any free one)",
                    e);
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    private HostPython probePython() throws ConfigException, InterruptedException {
        try {
            return HostPython.probe(config.python());
        } catch (PythonException e) {
            throw new ConfigException(WorkerConfig.FILE + ": $.python", e.getMessage(), e);
        }
    }

    private void startOutput(Path state) throws IOException {
        if (!config.logOutput()) {
            output = (sandbox, label, line) -> {};
            return;
        }
        OutputLog log = new OutputLog(state.resolve("logs"), OUTPUT_BYTES_A_FILE, OUTPUT_BYTES_A_SECOND);
        onClose("lambda output", log);
        output = log;
    }

    private void startRecord(Path state, PackageStore packages) throws IOException {
        if (config.trace().packages()) {
            TraceLog log = new TraceLog(state.resolve("logs"), TRACE_BYTES_A_FILE, packages);
            onClose("trace", log);
            record = Optional.of(log);
        }
    }

    private CallListener calls() {
        return record.<CallListener>map(log -> (code, start, nanos) -> log.call(
                        code.spec().lambda(),
                        code.version(),
                        code.spec().packages(),
                        nanos / 1e6,
                        start.name().toLowerCase(Locale.ROOT)))
                .orElse((code, start, nanos) -> {});
    }

    private LambdaRegistry registry(Path state, HostPython python) throws IOException {
        LambdaRegistry registry = new LambdaRegistry(
                store,
                state.resolve("code"),
                Duration.ofMillis(config.registryCacheMs()),
                config.limits(),
                config.network(),
                config.memPoolMb() / 2,
                python.markers());
        registry.clean();
        return registry;
    }

    private MechanismContext mechanismContext(Path state, PackageStore packages) {
        return new MechanismContext(
                state,
                config.python(),
                config.baseFolder(),
                config.features().enableSeccomp(),
                config.features().reuseCgroups(),
                packages,
                output,
                pool::onDied,
                Map.of(
                        "trace_cgroups", config.trace().cgroups(),
                        "storage", config.storage(),
                        "network", config.network().name().toLowerCase(Locale.ROOT)));
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
        cache.replace(sandboxes -> makeCache(caches, settings, sandboxes));
        LOG.log(Level.INFO, "import cache '" + caches.name() + "' replaces '" + cacheName + "'");
        cacheName = caches.name();
        statistics.count("reloads");
    }

    private ImportCache makeCache(ImportCacheProvider caches, WorkerConfig settings, Sandboxes sandboxes)
            throws ConfigException {
        String name = caches.name();
        for (String alias : caches.aliases()) {
            if (!settings.plugins().containsKey(name) && settings.plugins().containsKey(alias)) {
                name = alias;
            }
        }
        String where = WorkerConfig.FILE + ": $.plugins." + name;
        CacheContext context = new CacheContext(
                pool,
                sandboxes,
                packages,
                new Options(where, settings.pluginOptions(name)),
                settings.importCacheTree(),
                config.folder(),
                stateOf(caches),
                config.zygoteLimits());
        try {
            return caches.create(context);
        } catch (RuntimeException | LinkageError e) {
            // A third party's code.
            throw new ConfigException(
                    where,
                    "the import cache \"" + caches.name() + "\" fails to start, which is a fault in it: " + e,
                    e);
        }
    }

    /** None for the cache without a name, which has nothing to keep. */
    private Optional<Path> stateOf(ImportCacheProvider caches) {
        return caches.name().isEmpty()
                ? Optional.empty()
                : Optional.of(config.stateFolder().resolve("import-cache").resolve(caches.name()));
    }

    /** Lets running requests end, for a while; new ones are refused. */
    private void drain(WorkerApi api) throws InterruptedException {
        http.stopAccepting();
        api.stop();
        long until = System.nanoTime() + DRAIN.toNanos();
        while (api.inFlight() > 0 && System.nanoTime() < until) {
            Thread.sleep(5);
        }
        if (api.inFlight() > 0) {
            LOG.log(
                    Level.WARNING,
                    api.inFlight() + " requests still run after " + DRAIN.toSeconds() + " s; they are ended");
        }
    }

    /** The TCP port of the HTTP server; -1 before the worker serves. */
    public int port() {
        return port;
    }

    /** The present shape of the import cache; empty before the worker serves. */
    public CacheShape shape() {
        CurrentCache present = cache;
        return present == null ? CacheShape.EMPTY : present.shape();
    }

    /** The leaves of a lambda that live now; a snapshot. To destroy one that serves a request fails the request. */
    public List<Leaf> leaves(String lambda) {
        return leaves().stream()
                .filter(leaf -> leaf.spec().lambda().equals(lambda))
                .toList();
    }

    /** All leaves that live now; a snapshot. */
    public List<Leaf> leaves() {
        List<Leaf> all = new ArrayList<>();
        for (Sandbox sandbox : pool.sandboxes()) {
            if (sandbox instanceof Leaf leaf) {
                all.add(leaf);
            }
        }
        return all;
    }

    /** The zygotes that live now; a snapshot. To destroy one makes the import cache replace it when it needs it. */
    public List<Zygote> zygotes() {
        List<Zygote> all = new ArrayList<>();
        for (Sandbox sandbox : pool.sandboxes()) {
            if (sandbox instanceof Zygote zygote) {
                all.add(zygote);
            }
        }
        return all;
    }

    /** A package if it is installed; empty before the worker serves. */
    public Optional<PackageInfo> installed(PackageId id) {
        Packages present = packages;
        return present == null ? Optional.empty() : present.installed(id);
    }

    /** All numbers of {@code /stats}. */
    public Map<String, Number> statistics() {
        Map<String, Number> all = new TreeMap<>(statistics.snapshot());
        MemoryBudget memory = pool.memory();
        all.put("memory_total_bytes", memory.totalBytes());
        all.put("memory_reserved_bytes", memory.reservedBytes());
        all.put("memory_waiting", pool.waiting());
        all.put("uptime_ms", (System.nanoTime() - startedNanos) / 1_000_000);
        if (functions != null) {
            all.put("leaves", functions.leaves());
        }
        if (output instanceof OutputLog log) {
            all.put("output_lines_lost", log.dropped());
        }
        record.ifPresent(log -> all.put("trace_lost", log.lost()));
        if (cache != null) {
            cache.statistics().forEach((name, number) -> all.put("cache_" + name, number));
        }
        return all;
    }

    private String debug() {
        StringBuilder text = new StringBuilder();
        MemoryBudget memory = pool.memory();
        text.append("memory: ")
                .append(memory.reservedBytes() >> 20)
                .append(" of ")
                .append(memory.totalBytes() >> 20);
        text.append(" MiB reserved, ").append(pool.waiting()).append(" wait\n\nlambdas\n");
        functions.describe().forEach(line -> text.append("  ").append(line).append('\n'));
        text.append("\nsandboxes\n");
        List<Sandbox> sandboxes = new ArrayList<>(pool.sandboxes());
        sandboxes.sort(Comparator.comparing(Sandbox::id));
        for (Sandbox sandbox : sandboxes) {
            text.append("  ").append(sandbox.id());
            text.append(sandbox instanceof Leaf leaf ? " leaf of " + leaf.spec().lambda() : " zygote");
            text.append(", ").append(sandbox.memoryBytes() >> 10).append(" KiB\n");
        }
        text.append("\nimport cache '").append(cacheName).append("'\n");
        shape().roots().forEach(root -> describe(root, 1, text));
        return text.toString();
    }

    private static void describe(CacheShape.Node node, int depth, StringBuilder text) {
        text.append("  ".repeat(depth))
                .append(node.packages().isEmpty() ? "(root)" : String.join(", ", node.packages()));
        for (CacheShape.Live zygote : node.zygotes()) {
            text.append(" *").append(zygote.id());
        }
        text.append(" hits ").append(node.hits()).append('\n');
        node.children().forEach(child -> describe(child, depth + 1, text));
    }

    /**
     * Stops the worker: refuses new requests, lets running ones end within 10 s, and frees everything that it has on
     * the machine. Returns when that is done; later calls return at once.
     */
    @Override
    public synchronized void close() {
        undoAll();
    }

    private void onClose(String what, AutoCloseable closing) {
        undo.push(new Step(what, closing));
    }

    private void undoAll() {
        while (!undo.isEmpty()) {
            Step step = undo.pop();
            try {
                step.closing().close();
            } catch (InterruptedException e) {
                // goes on: what is left must be freed all the more
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.log(Level.ERROR, "closing failed: " + step.what(), e);
            }
        }
        port = -1;
    }
}
