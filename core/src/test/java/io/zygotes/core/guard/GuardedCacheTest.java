package io.zygotes.core.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.FakeCaches;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.pool.IdleLeaves;
import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.PoolListener;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever a plugin's code does, it harms one call at most. */
@Timeout(60)
class GuardedCacheTest {

    private static final LeafSpec HELLO = new LeafSpec(
            "hello", Path.of("/code"), Set.of(), new Limits(256, 32, 100, 0, 30, 256, 64), Network.HOST, Map.of());

    private final FakeMechanism mechanism = new FakeMechanism();
    private final SandboxPool pool = new SandboxPool(64L << 30, true, Duration.ofHours(1), Duration.ofSeconds(10), 0);
    private Sandboxes ofOwnAccord;

    GuardedCacheTest() {
        pool.start(mechanism, new PoolListener() {
            @Override
            public void onEvent(SandboxEvent event) {}

            @Override
            public void onImportCosts(Map<PackageId, ImportCost> measured) {}
        });
    }

    @AfterEach
    void close() {
        pool.close();
        assertEquals(0, mechanism.living());
    }

    @FunctionalInterface
    private interface Making {
        Leaf make(LeafRequest request) throws Exception;
    }

    /** A cache that makes leaves in some way, behind the guard. */
    private ImportCache cache(Making making) throws Exception {
        return cache(new ImportCache() {
            @Override
            public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
                try {
                    return making.make(request);
                } catch (SandboxException | InterruptedException | RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void close() {}
        });
    }

    private ImportCache cache(ImportCache inner) throws Exception {
        return GuardedProvider.around(new FakeCaches("odd", context -> {
                    ofOwnAccord = context.sandboxes();
                    return inner;
                }))
                .create(context());
    }

    private ImportCacheContext context() {
        Sandboxes sandboxes = pool.sandboxes(event -> {});
        return (ImportCacheContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ImportCacheContext.class}, (proxy, method, arguments) -> {
                    assertEquals("sandboxes", method.getName());
                    return sandboxes;
                });
    }

    private LeafRequest request() {
        PendingRequest pending = new PendingRequest(Duration.ofSeconds(10), HELLO, true, new IdleLeaves() {
            @Override
            public PooledLeaf take(PendingRequest request) {
                return null;
            }

            @Override
            public void release(PooledLeaf leaf) {
                throw new IllegalStateException("none was taken");
            }
        });
        return pool.request(pending, event -> {});
    }

    private void assertNothingIsKept() {
        assertEquals(0, pool.memory().reservedBytes());
        assertEquals(0, mechanism.living());
    }

    @Test
    void anErrorAfterTheLeafWasMadeGivesItsMemoryBackAndIsAnErrorOfTheCall() throws Exception {
        ImportCache cache = cache(request -> {
            request.sandboxes().createLeaf(Optional.empty(), HELLO);
            throw new AssertionError("on purpose");
        });

        SandboxException failure = assertThrows(SandboxException.class, () -> cache.createLeaf(request()));

        assertTrue(
                failure.getMessage().contains("\"odd\"") && failure.getMessage().contains("on purpose"));
        assertNothingIsKept();
    }

    @Test
    void anErrorThatCannotEvenSayWhatItIsEndsAsOneOfTheCallToo() throws Exception {
        ImportCache cache = cache(request -> {
            throw new IllegalStateException() {
                @Override
                public String getMessage() {
                    throw new StackOverflowError();
                }
            };
        });

        assertThrows(SandboxException.class, () -> cache.createLeaf(request()));
    }

    @Test
    void aLeafMadeOfOwnAccordInACallThatFailsGoesAsWell() throws Exception {
        ImportCache cache = cache(request -> {
            ofOwnAccord.createLeaf(Optional.empty(), HELLO);
            throw new StackOverflowError();
        });

        assertThrows(SandboxException.class, () -> cache.createLeaf(request()));

        assertNothingIsKept();
    }

    @Test
    void aLeafMadeOfOwnAccordInACallThatEndsWellIsTheCaches() throws Exception {
        List<Leaf> ahead = new ArrayList<>();
        ImportCache cache = cache(request -> {
            ahead.add(ofOwnAccord.createLeaf(Optional.empty(), HELLO));
            return request.sandboxes().createLeaf(Optional.empty(), HELLO);
        });

        cache.createLeaf(request());

        assertTrue(ahead.getFirst().alive());
    }

    @Test
    void ofSeveralLeavesForOneRequestTheReturnedOneStays() throws Exception {
        List<Leaf> made = new ArrayList<>();
        ImportCache cache = cache(request -> {
            made.add(request.sandboxes().createLeaf(Optional.empty(), HELLO));
            made.add(request.sandboxes().createLeaf(Optional.empty(), HELLO));
            return made.getLast();
        });

        Leaf returned = cache.createLeaf(request());

        assertTrue(returned.alive());
        assertFalse(made.getFirst().alive());
        assertEquals(256L << 20, pool.memory().reservedBytes());
    }

    @Test
    void aLeafThatIsMadeWhenItsCallHasEndedIsNotKept() throws Exception {
        List<LeafRequest> kept = new ArrayList<>();
        ImportCache cache = cache(request -> {
            kept.add(request);
            throw new SandboxException("on purpose");
        });
        assertThrows(SandboxException.class, () -> cache.createLeaf(request()));

        assertThrows(SandboxException.class, () -> kept.getFirst().sandboxes().createLeaf(Optional.empty(), HELLO));

        assertNothingIsKept();
    }

    @Test
    void noLeafIsAnErrorOfTheCall() throws Exception {
        ImportCache cache = cache(request -> {
            request.sandboxes().createLeaf(Optional.empty(), HELLO);
            return null;
        });

        SandboxException failure = assertThrows(SandboxException.class, () -> cache.createLeaf(request()));

        assertTrue(failure.getMessage().contains("returned no leaf"), failure.getMessage());
        assertNothingIsKept();
    }

    @Test
    void numbersAndShapeThatCannotBeHadAreEmptyAndEventsAndTheEndDisturbNobody() throws Exception {
        ImportCache cache = cache(new ImportCache() {
            @Override
            public Map<String, Number> statistics() {
                throw new AssertionError("on purpose");
            }

            @Override
            public CacheShape shape() {
                return null;
            }

            @Override
            public void onEvent(SandboxEvent event) {
                throw new StackOverflowError();
            }

            @Override
            public void close() {
                throw new NoClassDefFoundError("on purpose");
            }
        });

        assertEquals(Map.of(), cache.statistics());
        assertEquals(CacheShape.EMPTY, cache.shape());
        cache.onEvent(null);
        cache.close();
    }

    @Test
    void numbersAreCopiedSoThatNoCodeOfThePluginRunsWhenTheyAreRead() throws Exception {
        Map<String, Number> numbers = new HashMap<>(Map.of("hits", new AtomicLong(7), "share", 0.5));
        ImportCache cache = cache(new ImportCache() {
            @Override
            public Map<String, Number> statistics() {
                return numbers;
            }

            @Override
            public void close() {}
        });

        Map<String, Number> copy = cache.statistics();
        numbers.put("bad", null);

        assertEquals(Map.of("hits", 7L, "share", 0.5), copy);
        assertEquals(Map.of(), cache.statistics(), "a number that is none");
    }

    @Test
    void aClosedCacheGetsNoMoreSandboxes() throws Exception {
        ImportCache cache = cache(request -> null);
        cache.close();

        assertThrows(SandboxException.class, () -> ofOwnAccord.createLeaf(Optional.empty(), HELLO));
        assertThrows(
                SandboxException.class,
                () -> ofOwnAccord.createZygote(Optional.empty(), new ZygoteSpec(List.of(), HELLO.limits())));

        assertNothingIsKept();
    }

    /**
     * A default method of {@link Sandboxes} that a wrapper forgets does something else than the pool's own, in silence.
     */
    @Test
    void allThatThePoolCanDoCanBeDoneBehindTheGuard() throws Exception {
        List<Sandboxes> seen = new ArrayList<>();
        ImportCache cache = cache(request -> {
            seen.add(request.sandboxes());
            throw new SandboxException("that was all");
        });
        assertThrows(SandboxException.class, () -> cache.createLeaf(request()));
        seen.add(ofOwnAccord);

        for (Sandboxes sandboxes : seen) {
            for (Method method : Sandboxes.class.getMethods()) {
                // These two are written down once, in terms of the others.
                if (method.isDefault() && !method.getName().endsWith("From")) {
                    Method own = sandboxes.getClass().getMethod(method.getName(), method.getParameterTypes());
                    assertNotEquals(
                            Sandboxes.class, own.getDeclaringClass(), sandboxes.getClass() + " lacks " + method);
                }
            }
        }
        Zygote zygote = ofOwnAccord
                .createZygoteIfFree(Optional.empty(), new ZygoteSpec(List.of(), HELLO.limits()))
                .orElseThrow();
        assertThrows(IllegalArgumentException.class, () -> ofOwnAccord.weigh(zygote, -1));
    }

    @Test
    void theContextClassLoaderIsThePluginsInEveryCallAndTheOneBeforeAfterwards() throws Exception {
        ClassLoader plugins = new ClassLoader(ImportCache.class.getClassLoader()) {};
        Set<String> called = new HashSet<>();
        ImportCache inner = (ImportCache) Proxy.newProxyInstance(
                plugins, new Class<?>[] {ImportCache.class}, (proxy, method, arguments) -> {
                    assertSame(plugins, Thread.currentThread().getContextClassLoader(), method.getName());
                    called.add(method.getName());
                    return switch (method.getName()) {
                        case "createLeaf" ->
                            ((LeafRequest) arguments[0]).sandboxes().createLeaf(Optional.empty(), HELLO);
                        case "statistics" -> Map.of("n", 1);
                        case "shape" -> CacheShape.EMPTY;
                        default -> null;
                    };
                });
        ImportCacheProvider provider = (ImportCacheProvider) Proxy.newProxyInstance(
                plugins, new Class<?>[] {ImportCacheProvider.class}, (proxy, method, arguments) -> {
                    assertSame(plugins, Thread.currentThread().getContextClassLoader(), method.getName());
                    called.add(method.getName());
                    return switch (method.getName()) {
                        case "create" -> inner;
                        case "aliases" -> Set.of();
                        default -> "text";
                    };
                });
        ClassLoader before = Thread.currentThread().getContextClassLoader();

        GuardedProvider guarded = GuardedProvider.around(provider);
        assertEquals("text", guarded.name());
        assertEquals("text", guarded.description());
        guarded.version();
        guarded.spiVersion();
        ImportCache cache = guarded.create(context());
        assertTrue(cache.createLeaf(request()).alive());
        assertEquals(Map.of("n", 1), cache.statistics());
        cache.shape();
        cache.onEvent(null);
        cache.close();

        assertEquals(
                Set.of(
                        "name",
                        "aliases",
                        "version",
                        "spiVersion",
                        "description",
                        "create",
                        "createLeaf",
                        "statistics",
                        "shape",
                        "onEvent",
                        "close"),
                called);
        assertSame(before, Thread.currentThread().getContextClassLoader());
    }

    /** A cache that makes zygotes of functions in some way. */
    private ImportCache cacheOfFunctions(Function<FunctionZygoteRequest, Optional<Zygote>> making) throws Exception {
        return cache(new ImportCache() {
            @Override
            public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request) {
                return making.apply(request);
            }

            @Override
            public void close() {}
        });
    }

    private static Zygote zygote(FunctionZygoteRequest request) {
        try {
            return request.sandboxes().createFunctionZygote(Optional.empty(), request.spec());
        } catch (SandboxException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aZygoteOfAFunctionThatIsNotReturnedIsDestroyed() throws Exception {
        FunctionZygoteRequest request =
                pool.request(new FunctionZygoteSpec(HELLO, Optional.empty()), false, event -> {});
        ImportCache fails = cacheOfFunctions(asked -> {
            zygote(asked);
            throw new IllegalStateException("on purpose");
        });
        ImportCache another = cacheOfFunctions(asked -> {
            zygote(asked);
            return Optional.of(zygote(request));
        });
        ImportCache none = cacheOfFunctions(asked -> {
            zygote(asked);
            return Optional.empty();
        });

        assertTrue(assertThrows(SandboxException.class, () -> fails.createFunctionZygote(request))
                .getMessage()
                .contains("on purpose"));
        assertEquals(Optional.empty(), none.createFunctionZygote(request));
        assertNothingIsKept();
        assertThrows(SandboxException.class, () -> another.createFunctionZygote(request));
        assertEquals(1, mechanism.living(), "that one was not made for it, and may be somebody's");

        Zygote made = cacheOfFunctions(asked -> Optional.of(zygote(asked)))
                .createFunctionZygote(request)
                .orElseThrow();
        assertEquals(Optional.of(HELLO), made.function());
        assertTrue(made.alive());
    }
}
