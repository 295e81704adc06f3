package io.zygotes.core.function;

import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.registry.Serving;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.core.threads.ThreadStart;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** All lambdas that were called since the worker started. Safe for use by many threads. */
public final class Functions implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Functions.class.getName());
    private static final int MOST_SECONDS_TO_END = 5;
    private static final int ZYGOTES_AT_ONCE = 4;
    /** Lines of a traceback that are logged. */
    private static final int MOST_LINES = 60;

    private final LambdaRegistry registry;
    private final Statistics statistics;
    private final CallListener calls;
    private final CallsUnderWay underWay = new CallsUnderWay();
    private final ReservedConcurrency concurrency = new ReservedConcurrency();
    private final Services services;
    private final Preparation preparation;
    private final AheadInstalls aheadInstalls;
    private final CodeCompiler packageCompiler;
    private final Map<String, LambdaFunction> functions = new ConcurrentHashMap<>();

    /**
     * @param registry where their code comes from
     * @param packages where their packages come from
     * @param pool where their leaves are counted
     * @param leaves makes their leaves
     * @param statistics counts calls
     * @param calls hears of every answer
     * @param compilerHome a folder for the code of the leaf that compiles lambdas; made when it is needed
     * @param output takes lines for the authors of lambdas
     * @param maxWaiting requests of one lambda that may wait for a leaf
     * @param maxWait how long a request may wait for memory
     */
    public Functions(
            LambdaRegistry registry,
            PackageStore packages,
            SandboxPool pool,
            LeafSource leaves,
            Statistics statistics,
            CallListener calls,
            Path compilerHome,
            OutputSink output,
            int maxWaiting,
            Duration maxWait) {
        this.registry = registry;
        this.statistics = statistics;
        this.calls = calls;
        this.services = new Services(
                leaves,
                pool,
                packages,
                statistics,
                compiler("code-compiler", pool, compilerHome, packages),
                maxWaiting,
                maxWait,
                registry,
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name("functions").daemon().factory()),
                // Few: what functions do before they can be forked is to take no processor from those that are called.
                Executors.newFixedThreadPool(
                        ZYGOTES_AT_ONCE,
                        Thread.ofPlatform()
                                .name("function-zygotes-", 0)
                                .daemon()
                                .factory()),
                output);
        this.packageCompiler = compiler("package-compiler", pool, compilerHome, packages);
        packages.whenInstalled(installed -> compile(List.of(installed)));
        this.aheadInstalls = new AheadInstalls(packages);
        this.preparation =
                new Preparation(registry, services.compiler(), () -> compile(packages.uncompiled()), underWay);
        // As in the pool, its thread is there before one is hard to get.
        services.background().execute(() -> {});
    }

    private CodeCompiler compiler(String name, SandboxPool pool, Path home, PackageStore packages) {
        return new CodeCompiler(name, pool, home.resolve(name), new ByteCodeFiles(packages::cacheTag), underWay);
    }

    /** Has packages compiled, apart from the lambdas, which do not wait for them. */
    private void compile(List<PackageInfo> packages) {
        packageCompiler.compilePackages(packages, info -> services.packages().markCompiled(info.id()));
    }

    private record Services(
            LeafSource leaves,
            SandboxPool pool,
            PackageStore packages,
            Statistics statistics,
            CodeCompiler compiler,
            int maxWaiting,
            Duration maxWait,
            LambdaRegistry registry,
            ExecutorService background,
            ExecutorService zygotes,
            OutputSink output)
            implements FunctionServices {

        @Override
        public void destroyLater(List<PooledLeaf> leaves) {
            if (!leaves.isEmpty()) {
                later(() -> leaves.forEach(PooledLeaf::destroy));
            }
        }

        @Override
        public void destroyLater(Zygote zygote) {
            later(zygote::destroy);
        }

        @Override
        public boolean inBackground(Runnable task) {
            try {
                ThreadStart.execute(zygotes, task);
                return true;
            } catch (NoThreadException | RejectedExecutionException e) {
                LOG.log(Level.DEBUG, "a zygote of a function is made later", e);
                return false;
            }
        }

        @Override
        public void tell(String lambda, String what, String details) {
            LOG.log(Level.WARNING, "lambda " + lambda + ": " + what);
            output.line("-", lambda, what);
            details.lines().limit(MOST_LINES).forEach(line -> output.line("-", lambda, line));
        }

        @Override
        public void keepVersionsLater(String lambda, Supplier<Set<String>> inUse) {
            later(() -> registry.keepVersions(lambda, inUse.get()));
        }

        private void later(Runnable task) {
            try {
                background.execute(() -> {
                    try {
                        task.run();
                    } catch (RuntimeException | Error e) {
                        Rounds.tell("housekeeping of the lambdas failed", e);
                    }
                });
            } catch (RejectedExecutionException e) {
                // The worker is stopping: the pool destroys all leaves, and the next start removes old versions.
                LOG.log(Level.DEBUG, "the worker is stopping", e);
            }
        }
    }

    /** As {@link #invoke(String, Invocation, AnswerParts)}, for a caller that wants the answer as a whole. */
    public Answer invoke(String name, Invocation invocation)
            throws RegistryException, PackageException, OverloadException, SandboxException, IOException,
                    InterruptedException {
        return invoke(name, new FunctionCall(invocation, Optional.empty()));
    }

    /**
     * Runs a lambda once, on the calling thread.
     *
     * @param name the lambda's name as the request has it
     * @param parts gets the answer if it comes in parts
     * @return the answer; if {@code parts} got it, what it was begun with
     * @throws RegistryException if there is no such lambda or its files are wrong
     * @throws PackageException if one of its packages cannot be installed
     * @throws OverloadException if too many requests wait for it already
     * @throws SandboxException if no leaf can be made for it, or its leaf fails
     * @throws IOException if its code cannot be read or written
     * @throws InterruptedException if the calling thread is interrupted
     */
    public Answer invoke(String name, Invocation invocation, AnswerParts parts)
            throws RegistryException, PackageException, OverloadException, SandboxException, IOException,
                    InterruptedException {
        return invoke(name, new FunctionCall(invocation, Optional.of(parts)));
    }

    private Answer invoke(String name, FunctionCall call)
            throws RegistryException, PackageException, OverloadException, SandboxException, IOException,
                    InterruptedException {
        return invoke(name, System.nanoTime(), foundFor(name), call);
    }

    /**
     * As {@link #invoke}, for a request over HTTP, which has to have a method that the lambda's {@code triggers} allow.
     *
     * @throws MethodNotAllowedException if they do not
     */
    public Answer invokeOverHttp(String name, Invocation invocation, AnswerParts parts)
            throws MethodNotAllowedException, RegistryException, PackageException, OverloadException, SandboxException,
                    IOException, InterruptedException {
        long start = System.nanoTime();
        Target target = foundFor(name);
        Serving serving = target.code().serving();
        if (!serving.takes(invocation.method())) {
            throw new MethodNotAllowedException(
                    name, invocation.method(), serving.methods().orElseThrow());
        }
        return invoke(name, start, target, new FunctionCall(invocation, Optional.of(parts)));
    }

    private Answer invoke(String name, long start, Target target, FunctionCall call)
            throws PackageException, OverloadException, SandboxException, InterruptedException {
        Answer answer;
        underWay.begin();
        try (ReservedConcurrency.Permit _ = concurrency.enter(name)) {
            answer = target.function().invoke(target.code(), call);
        } finally {
            underWay.end();
        }
        long nanos = System.nanoTime() - start;
        statistics
                .latency(
                        switch (answer.start()) {
                            case WARM -> "call_warm";
                            case HIT -> "call_hit";
                            case FUNCTION -> "call_function";
                            case COLD -> "call_cold";
                        })
                .record(nanos);
        calls.answered(target.code(), answer.start(), nanos);
        return answer;
    }

    /** How many calls lambdas may have at once. */
    public ReservedConcurrency concurrency() {
        return concurrency;
    }

    /**
     * Has the own zygote of a lambda made, if it asks for one before it is called.
     *
     * @throws RegistryException if there is no such lambda or its files are wrong
     * @throws SandboxException if the worker is stopping
     * @throws IOException if its code cannot be read or written
     */
    void prepare(String name) throws RegistryException, SandboxException, IOException {
        Target target = functionFor(name);
        target.function().prepare(target.code());
    }

    private record Target(LambdaFunction function, LambdaCode code) {}

    /** Where files are too short to read its code, leaves at rest make room, as where a sandbox is made. */
    private Target foundFor(String name) throws RegistryException, IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return functionFor(name);
            } catch (RegistryException | IOException | RuntimeException e) {
                if (!services.pool().relieve(e, attempt)) {
                    throw e;
                }
            }
        }
    }

    private Target functionFor(String name) throws RegistryException, IOException {
        try {
            LambdaCode code = registry.lookup(name);
            return new Target(functions.computeIfAbsent(name, key -> new LambdaFunction(key, services)), code);
        } catch (RegistryException e) {
            if (e.kind() == RegistryException.Kind.UNKNOWN) {
                remove(name);
            }
            throw e;
        }
    }

    /**
     * A lambda that is gone stays known while a call of it runs: it may come back, and must not lose that one's files.
     */
    private void remove(String name) {
        LambdaFunction removed = functions.get(name);
        if (removed != null) {
            removed.retire();
            functions.computeIfPresent(name, (key, function) -> function.closeIfUnused() ? null : function);
        }
    }

    /** Reads, checks and compiles what is in the registry, behind the back of the calls. Returns at once. */
    public void prepare() {
        preparation.begin();
    }

    /**
     * Begins to install the packages of a lambda, if they are not there and that does not go on, and says how far it
     * is. Returns at once; whoever wants to know the end asks until it says so.
     *
     * @throws RegistryException if there is no such lambda or its files are wrong
     * @throws IOException if its code cannot be read or written
     */
    public InstallProgress installAhead(String name) throws RegistryException, IOException {
        return aheadInstalls.progress(registry.lookupNow(name));
    }

    /** One line for each lambda, for people. */
    public List<String> describe() {
        return new TreeMap<>(functions)
                .values().stream().map(LambdaFunction::describe).toList();
    }

    /** How many leaves all lambdas have. */
    public int leaves() {
        return functions.values().stream().mapToInt(LambdaFunction::leaves).sum();
    }

    /** Destroys all leaves that nobody uses; leaves in use go when their calls end. */
    @Override
    public void close() {
        functions.values().forEach(LambdaFunction::close);
        preparation.close();
        services.compiler().close();
        packageCompiler.close();
        services.zygotes().shutdownNow();
        awaitEnd(services.zygotes());
        services.background().shutdown();
        awaitEnd(services.background());
    }

    /** Waits for the running task of an executor that was shut down, but not for ever. */
    static void awaitEnd(ExecutorService ending) {
        try {
            if (!ending.awaitTermination(MOST_SECONDS_TO_END, TimeUnit.SECONDS)) {
                LOG.log(Level.WARNING, "{0} still works; its sandboxes end with the worker", ending);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
