package io.zygotes.core.guard;

import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.CallObserver;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * A plugin's cache behind the guard. A third party's code may throw anything, at any time: a request gets that as an
 * error of its own, everybody else goes on. Safe for use by many threads, as the cache itself has to be.
 */
public final class GuardedCache implements ImportCache {

    private static final Logger LOG = System.getLogger(GuardedCache.class.getName());

    private final String name;
    private final ImportCache cache;
    private final ClassLoader loader;
    private final Optional<GuardedSandboxes> sandboxes;
    private final Runnable end;
    /** The methods that failed before. Numbers may be asked for each second: each failure in the log would fill it. */
    private final Set<String> reported = ConcurrentHashMap.newKeySet();

    /** @param end what is done when the cache is closed */
    GuardedCache(String name, ImportCache cache, ClassLoader providerLoader, GuardedSandboxes sandboxes, Runnable end) {
        this(name, cache, providerLoader, Optional.of(sandboxes), end);
    }

    private GuardedCache(
            String name,
            ImportCache cache,
            ClassLoader providerLoader,
            Optional<GuardedSandboxes> sandboxes,
            Runnable end) {
        this.end = end;
        this.name = name;
        this.cache = cache;
        ClassLoader own = cache.getClass().getClassLoader();
        this.loader = own == null ? providerLoader : own;
        this.sandboxes = sandboxes;
    }

    /** A cache behind the guard; the same again if it is there already. */
    public static GuardedCache around(ImportCache cache) {
        return cache instanceof GuardedCache guarded
                ? guarded
                : new GuardedCache(
                        cache.getClass().getName(),
                        cache,
                        GuardedCache.class.getClassLoader(),
                        Optional.empty(),
                        () -> {});
    }

    /**
     * {@inheritDoc} What it throws beside what it may throw is a {@link SandboxException} here. Leaves that it made for
     * the request and does not return are destroyed.
     */
    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        return createLeaf(request, cache::createLeaf);
    }

    /** {@inheritDoc} As {@link #createLeaf(LeafRequest)}. */
    @Override
    public Leaf createLeaf(LeafRequest request, Zygote function)
            throws SandboxException, PackageException, InterruptedException {
        return createLeaf(request, watched -> cache.createLeaf(watched, function));
    }

    private Leaf createLeaf(LeafRequest request, Making<LeafRequest, Leaf> making)
            throws SandboxException, PackageException, InterruptedException {
        CallLeaves leaves = new CallLeaves();
        LeafRequest watched = new Watched(request, leaves.watching(request.sandboxes()));
        sandboxes.ifPresent(own -> own.enter(leaves));
        Leaf returned = null;
        try {
            returned = checked(made(watched, making, request.spec(), "a leaf"), request.spec());
            return returned;
        } finally {
            sandboxes.ifPresent(GuardedSandboxes::leave);
            leaves.end(returned);
        }
    }

    /**
     * {@inheritDoc} What it throws beside what it may throw is a {@link SandboxException} here. What it made for the
     * function and does not return is destroyed.
     */
    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request)
            throws SandboxException, PackageException, InterruptedException {
        FunctionZygoteSpec spec = request.spec();
        List<Zygote> lost = new CopyOnWriteArrayList<>();
        CallLeaves leaves = new CallLeaves();
        Sandboxes watching = leaves.watching(request.sandboxes(), lost::add);
        try {
            Optional<Zygote> made = made(
                    new WatchedFunction(spec, watching), cache::createFunctionZygote, spec.leaf(), "the own zygote");
            if (made == null || made.isPresent() && !lost.remove(made.get())) {
                throw new SandboxException("the import cache \"" + name + "\" returned "
                        + (made == null ? "null" : made.get().id()) + " as the own zygote of lambda "
                        + spec.leaf().lambda() + ", which is a fault in it: it must return what createFunctionZygote of"
                        + " the request's Sandboxes made, or nothing");
            }
            return made;
        } finally {
            leaves.end(null);
            lost.forEach(Zygote::destroy);
        }
    }

    /** A function that is to have a zygote, as the cache sees it. */
    private record WatchedFunction(FunctionZygoteSpec spec, Sandboxes sandboxes) implements FunctionZygoteRequest {}

    /** A method of the cache that makes something for a request. */
    @FunctionalInterface
    private interface Making<Q, T> {
        T make(Q request) throws SandboxException, PackageException, InterruptedException;
    }

    private <Q, T> T made(Q request, Making<Q, T> making, LeafSpec spec, String what)
            throws SandboxException, PackageException, InterruptedException {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(loader);
        try {
            return making.make(request);
        } catch (SandboxException | PackageException | InterruptedException | NoThreadException | OutOfMemoryError e) {
            // It may throw these, or what they say is about the worker.
            throw e;
        } catch (Throwable e) {
            throw new SandboxException(
                    FailureKind.OTHER,
                    "the import cache \"" + name + "\" failed to make " + what + " for lambda " + spec.lambda() + ": "
                            + text(e),
                    e);
        } finally {
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    private Leaf checked(Leaf leaf, LeafSpec spec) throws SandboxException {
        if (leaf instanceof PooledLeaf) {
            return leaf;
        }
        throw new SandboxException("the import cache \"" + name + "\" returned "
                + (leaf == null ? "no leaf" : "a " + leaf.getClass().getName()) + " for lambda " + spec.lambda()
                + ", which is a fault in it: it must return what Sandboxes.createLeaf returns");
    }

    /** What tells the cache of calls; empty if it does not want to hear of them. */
    public Optional<CallObserver> observer() {
        return cache instanceof CallObserver observer
                ? Optional.of(event -> guarded("onCall", null, () -> {
                    observer.onCall(event);
                    return null;
                }))
                : Optional.empty();
    }

    @Override
    public void onEvent(SandboxEvent event) {
        guarded("onEvent", null, () -> {
            cache.onEvent(event);
            return null;
        });
    }

    /** {@inheritDoc} Empty if it fails. */
    @Override
    public Map<String, Number> statistics() {
        return guarded("statistics", Map.of(), () -> plain(cache.statistics()));
    }

    /** {@inheritDoc} Empty if it fails. */
    @Override
    public CacheShape shape() {
        return guarded("shape", CacheShape.EMPTY, () -> Objects.requireNonNull(cache.shape(), "shape() returns null"));
    }

    @Override
    public void close() {
        sandboxes.ifPresent(GuardedSandboxes::close);
        guarded("close", null, () -> {
            cache.close();
            return null;
        });
        end.run();
    }

    /** A copy in which no code of the plugin runs any more when somebody reads it. */
    private static Map<String, Number> plain(Map<String, Number> numbers) {
        Map<String, Number> copy = new LinkedHashMap<>();
        numbers.forEach((key, number) -> copy.put(Objects.requireNonNull(key, "a number has no name"), plain(number)));
        return copy;
    }

    private static Number plain(Number number) {
        return switch (number) {
            case Byte _, Short _, Integer _, Long _, Float _, Double _ -> number;
            case AtomicInteger counter -> counter.longValue();
            case AtomicLong counter -> counter.longValue();
            case LongAdder counter -> counter.longValue();
            case BigInteger large -> new BigInteger(large.toByteArray());
            case BigDecimal large -> large.doubleValue();
            default -> number.doubleValue();
        };
    }

    private <T> T guarded(String method, T otherwise, ContextLoader.Call<T, Exception> call) {
        try {
            return ContextLoader.with(loader, call);
        } catch (Throwable e) {
            report(method, e);
            return otherwise;
        }
    }

    private void report(String method, Throwable failure) {
        boolean first = reported.add(method);
        LOG.log(
                first ? Level.ERROR : Level.DEBUG,
                "the import cache \"" + name + "\" fails in " + method
                        + "(), which is a fault in it; the worker goes on" + " without, and says so once: "
                        + text(failure),
                failure);
    }

    /** What an exception says of itself, which is code of the plugin as well. */
    private static String text(Throwable failure) {
        try {
            return failure.toString();
        } catch (Throwable e) {
            return failure.getClass().getName();
        }
    }

    /** The request as the cache sees it. */
    private record Watched(LeafRequest request, Sandboxes sandboxes) implements LeafRequest {

        @Override
        public LeafSpec spec() {
            return request.spec();
        }

        @Override
        public boolean needsLeaf() {
            return request.needsLeaf();
        }

        @Override
        public Set<String> imports() {
            return request.imports();
        }

        @Override
        public Duration remaining() {
            return request.remaining();
        }
    }
}
