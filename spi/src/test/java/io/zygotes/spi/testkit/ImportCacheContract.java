package io.zygotes.spi.testkit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.SpiVersion;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What every import cache must do. Subclass it, return your provider, and run it with JUnit 5.
 *
 * <p>The tests give the cache a fake worker with {@link FakePackages#wellKnown} or random packages. Override
 * {@link #options} and {@link #importCacheTree} if the cache needs settings to do anything of interest, and
 * {@link #seededOptions} if it makes random choices.
 */
public abstract class ImportCacheContract {

    private static final int THREADS = 64;
    private static final long ROOMY = 64 * 1024;

    /** For subclasses. */
    protected ImportCacheContract() {}

    /** The provider under test; a new one or the same one at each call. */
    protected abstract ImportCacheProvider provider();

    /** Options that the tests run with; none by default. */
    protected Map<String, Object> options() {
        return Map.of();
    }

    /** Options that make the cache's choices repeatable; the same as {@link #options} by default. */
    protected Map<String, Object> seededOptions() {
        return options();
    }

    /**
     * {@code import_cache_tree} that the tests run with; by default empty.
     *
     * @param packages the packages of the test
     */
    protected Optional<Object> importCacheTree(FakePackages packages) {
        return Optional.empty();
    }

    private ImportCache open(FakePackages packages, FakeSandboxes pool, Map<String, Object> options)
            throws ConfigException {
        FakeContext context = new FakeContext(pool, packages, options, importCacheTree(packages), Path.of("."));
        ImportCache cache = provider().create(context);
        pool.listener(cache::onEvent);
        return cache;
    }

    private static LeafSpec pandas(FakePackages packages) {
        return FakeContext.leaf("report", packages.pins("pandas==2.2.3"));
    }

    @Test
    void theProviderHasAValidNameAndAVersionThatTheWorkerLoads() {
        ImportCacheProvider provider = provider();
        int here = SpiVersion.CURRENT.indexOf('.');
        int there = provider.spiVersion().indexOf('.');
        assertAll(
                () -> assertTrue(provider.name().matches("|[a-z][a-z0-9-]*"), provider.name()),
                () -> provider.aliases().forEach(alias -> assertTrue(alias.matches("[a-z][a-z0-9-]*"), alias)),
                () -> assertFalse(provider.aliases().contains(provider.name())),
                () -> assertFalse(provider.version().isBlank()),
                () -> assertFalse(provider.description().isBlank()),
                () -> assertEquals(
                        SpiVersion.CURRENT.substring(0, here),
                        provider.spiVersion().substring(0, there)),
                () -> assertTrue(Integer.parseInt(provider.spiVersion().substring(there + 1))
                        <= Integer.parseInt(SpiVersion.CURRENT.substring(here + 1))));
    }

    @Test
    void theWorkerWouldFindTheProvider() throws Exception {
        Class<?> type = provider().getClass();
        Module module = type.getModule();
        if (module.isNamed()) {
            assertTrue(
                    module.getDescriptor().provides().stream()
                            .filter(provides -> provides.service().equals(ImportCacheProvider.class.getName()))
                            .anyMatch(provides -> provides.providers().contains(type.getName())),
                    () -> "module-info.java lacks: provides " + ImportCacheProvider.class.getName() + " with "
                            + type.getName());
            return;
        }
        String file = "META-INF/services/" + ImportCacheProvider.class.getName();
        for (URL url : Collections.list(type.getClassLoader().getResources(file))) {
            try (InputStream in = url.openStream()) {
                if (new String(in.readAllBytes(), StandardCharsets.UTF_8).contains(type.getName())) {
                    return;
                }
            }
        }
        fail("neither a module-info.java provides " + type.getName() + " nor does a " + file + " name it");
    }

    @Test
    void makingACacheMakesNoSandbox() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            assertNotNull(cache);
            assertEquals(List.of(), pool.made());
        }
    }

    @Test
    void anUnknownOptionStopsTheStartAndIsNamed() {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        Map<String, Object> wrong = new HashMap<>(options());
        wrong.put("no-such-option", 1);
        ConfigException error = assertThrows(
                ConfigException.class, () -> open(packages, pool, wrong).close());
        assertTrue(error.getMessage().contains("no-such-option"), error.getMessage());
    }

    @Test
    void aLeafServesTheLambdaThatWasAskedFor() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            LeafSpec spec = pandas(packages);
            Leaf leaf = cache.createLeaf(pool.request(spec));
            assertEquals(spec, leaf.spec());
            assertTrue(leaf.alive());
        }
    }

    @Test
    void aLambdaWithoutPackagesGetsALeaf() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            assertTrue(cache.createLeaf(pool.request(FakeContext.leaf("hello", Set.of())))
                    .alive());
            assertEquals(List.of(), pool.violations());
        }
    }

    @Test
    void noLeafEverInheritsAPackageThatItsLambdaDidNotAskFor() throws Exception {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            FakePackages packages = FakePackages.random(random, 1 + random.nextInt(12), 3);
            FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
            try (ImportCache cache = open(packages, pool, seededOptions())) {
                for (int i = 0; i < 40; i++) {
                    LeafSpec spec = FakeContext.leaf("f" + i, packages.randomPins(random, 6));
                    cache.createLeaf(pool.request(spec)).destroy();
                }
            }
            for (FakeSandboxes.Made made : pool.made()) {
                assertTrue(made.packages().containsAll(made.parent().orElse(List.of())), () -> "unsafe: " + made);
            }
            assertEquals(List.of(), pool.violations());
        }
    }

    @Test
    void closeLeavesNoZygoteAndEveryLeaf() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        Leaf leaf;
        try (ImportCache cache = open(packages, pool, options())) {
            leaf = cache.createLeaf(pool.request(pandas(packages)));
            cache.createLeaf(pool.request(FakeContext.leaf("web", packages.pins("flask==3.1.0"))))
                    .destroy();
        }
        assertEquals(List.of(), pool.zygotes());
        assertTrue(leaf.alive());
        leaf.destroy();
        assertEquals(0, pool.memory().reservedBytes());
    }

    @Test
    void zygotesThatDiedAreReplaced() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            for (int i = 0; i < 5; i++) {
                assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
                pool.killZygotes();
            }
            for (int i = 0; i < 5; i++) {
                assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
                pool.evictZygotes();
            }
        }
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void aZygoteThatCannotForkIsReplacedOnce() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        AtomicInteger failures = new AtomicInteger(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                if (parent.isPresent() && failures.getAndDecrement() > 0) {
                    throw new SandboxException.ZygoteGone(parent.get().id() + " does not answer");
                }
            }
        });
        try (ImportCache cache = open(packages, pool, options())) {
            assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
        }
        assertEquals(List.of(), pool.zygotes(), "the zygote that cannot fork is destroyed, too");
    }

    @Test
    void whenTheReplacementCannotForkEitherTheErrorReachesTheCaller() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        AtomicInteger forks = new AtomicInteger();
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                forks.incrementAndGet();
                throw new SandboxException.ZygoteGone("nothing answers");
            }
        });
        try (ImportCache cache = open(packages, pool, options())) {
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20),
                    () -> assertThrows(
                            SandboxException.ZygoteGone.class, () -> cache.createLeaf(pool.request(pandas(packages)))));
        }
        assertTrue(forks.get() <= 2, () -> forks + " forks for one leaf");
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void errorsOfTheLeafReachTheCaller() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        List<SandboxException> errors = List.of(
                new SandboxException.NoCapacity("full"),
                new SandboxException.OutOfMemory("too big"),
                new SandboxException("no more pids"));
        try (ImportCache cache = open(packages, pool, options())) {
            for (SandboxException error : errors) {
                pool.trouble(new Trouble() {
                    @Override
                    public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                        throw error;
                    }
                });
                assertSame(
                        error,
                        assertThrows(SandboxException.class, () -> cache.createLeaf(pool.request(pandas(packages)))));
            }
            pool.trouble(Trouble.NONE);
            assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
        }
    }

    @Test
    void theLeafComesFromTheSandboxesOfTheRequest() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            FakeRequest request = pool.request(pandas(packages));
            assertEquals(cache.createLeaf(request), request.leaves().getLast());
        }
    }

    @Test
    void aLeafThatBecomesFreeWhileTheRequestWaitsForMemoryServesIt() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        Leaf free = pool.createLeaf(Optional.empty(), pandas(packages));
        FakeRequest request = pool.request(pandas(packages));
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                request.becameFree(free);
                throw new SandboxException.NoCapacity("full");
            }

            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                request.becameFree(free);
                throw new SandboxException.NoCapacity("full");
            }
        });
        try (ImportCache cache = open(packages, pool, seededOptions())) {
            assertSame(free, cache.createLeaf(request));
            assertEquals(1, pool.leavesMade());
            pool.trouble(Trouble.NONE);
            cache.createLeaf(pool.request(pandas(packages)));
            assertEquals(
                    undisturbed().parent().isPresent(),
                    pool.made().getLast().parent().isPresent(),
                    "the next request gets the zygote that this one did not need any more");
        }
    }

    private FakeSandboxes.Made undisturbed() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, seededOptions())) {
            cache.createLeaf(pool.request(pandas(packages)));
            return pool.made().getLast();
        }
    }

    @Test
    void anImportThatFailsNeverLeavesAHalfMadeZygoteBehind() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                if (spec.packages().stream().anyMatch(id -> id.name().equals("pandas"))) {
                    throw new SandboxException.ImportFailed("cannot import pandas", "Traceback");
                }
            }
        });
        try (ImportCache cache = open(packages, pool, options())) {
            for (int i = 0; i < 3; i++) {
                try {
                    assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
                } catch (SandboxException.ImportFailed passedOn) {
                    assertEquals("Traceback", passedOn.traceback());
                }
            }
        }
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void sixtyFourThreadsGetTheirLeavesAndThePoolIsNeverExceeded() throws Exception {
        FakePackages packages = FakePackages.random(new Random(1), 10, 2);
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        pool.pause(Duration.ofMillis(1));
        try (ImportCache cache = open(packages, pool, options())) {
            List<Leaf> leaves = together(thread -> {
                Random random = new Random(thread);
                Leaf leaf =
                        cache.createLeaf(pool.request(FakeContext.leaf("f" + thread, packages.randomPins(random, 5))));
                for (int i = 0; i < 10; i++) {
                    leaf.destroy();
                    leaf = cache.createLeaf(
                            pool.request(FakeContext.leaf("f" + thread, packages.randomPins(random, 5))));
                }
                return leaf;
            });
            leaves.forEach(leaf -> assertTrue(leaf.alive()));
            leaves.forEach(Leaf::destroy);
        }
        assertEquals(List.of(), pool.violations());
        assertEquals(0, pool.memory().reservedBytes());
    }

    @Test
    void underPressureAndFailuresNothingIsLostAndNothingLeaks() throws Exception {
        FakePackages packages = FakePackages.random(new Random(2), 10, 2);
        FakeSandboxes pool = new FakeSandboxes(packages, 600);
        AtomicInteger calls = new AtomicInteger();
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                switch (calls.incrementAndGet() % 11) {
                    case 3 -> throw new SandboxException.ImportFailed("bad luck", "Traceback");
                    case 5 -> throw new SandboxException.TimedOut("import takes too long");
                    case 7 -> parent.ifPresent(pool::kill);
                    case 9 -> throw new SandboxException.NoCapacity("full");
                    default -> {}
                }
            }

            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) {
                if (calls.incrementAndGet() % 13 == 0) {
                    parent.ifPresent(pool::kill);
                }
            }
        });
        AtomicInteger served = new AtomicInteger();
        try (ImportCache cache = open(packages, pool, options())) {
            together(thread -> {
                Random random = new Random(thread);
                for (int i = 0; i < 20; i++) {
                    try {
                        cache.createLeaf(pool.request(FakeContext.leaf("f" + thread, packages.randomPins(random, 5))))
                                .destroy();
                        served.incrementAndGet();
                    } catch (SandboxException expected) {
                        assertNotNull(expected.getMessage());
                    }
                }
                return thread;
            });
        }
        assertTrue(served.get() > 0);
        assertTrue(pool.mostReservedBytes() <= pool.memory().totalBytes());
        assertEquals(List.of(), pool.violations());
        assertEquals(List.of(), pool.zygotes());
        assertEquals(0, pool.memory().reservedBytes());
    }

    @Test
    void anInterruptEndsTheWaiting() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        CountDownLatch inside = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws InterruptedException {
                inside.countDown();
                Thread.sleep(Duration.ofMinutes(5));
            }

            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws InterruptedException {
                inside.countDown();
                Thread.sleep(Duration.ofMinutes(5));
            }
        });
        try (ImportCache cache = open(packages, pool, options());
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Throwable>> waiting = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            CountDownLatch started = new CountDownLatch(8);
            for (int i = 0; i < 8; i++) {
                waiting.add(executor.submit(() -> {
                    synchronized (threads) {
                        threads.add(Thread.currentThread());
                    }
                    started.countDown();
                    return assertThrows(Throwable.class, () -> cache.createLeaf(pool.request(pandas(packages))));
                }));
            }
            started.await();
            inside.await();
            synchronized (threads) {
                threads.forEach(Thread::interrupt);
            }
            for (Future<Throwable> future : waiting) {
                Throwable thrown = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> future.get());
                assertEquals(InterruptedException.class, thrown.getClass());
            }
            pool.trouble(Trouble.NONE);
            assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
        }
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void withASeedTheSameCallsMakeTheSameChoices() throws Exception {
        assertEquals(choices(), choices());
    }

    private List<FakeSandboxes.Made> choices() throws Exception {
        Random random = new Random(3);
        FakePackages packages = FakePackages.random(random, 10, 2);
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, seededOptions())) {
            for (int i = 0; i < 60; i++) {
                cache.createLeaf(pool.request(FakeContext.leaf("f" + i, packages.randomPins(random, 5))))
                        .destroy();
            }
        }
        return pool.made();
    }

    @Test
    void eventsOfEveryKindDisturbNobody() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            Leaf leaf = cache.createLeaf(pool.request(pandas(packages)));
            for (SandboxEvent.Kind kind : SandboxEvent.Kind.values()) {
                assertDoesNotThrow(() -> cache.onEvent(new SandboxEvent(kind, leaf)));
                for (Zygote zygote : pool.zygotes()) {
                    assertDoesNotThrow(() -> cache.onEvent(new SandboxEvent(kind, zygote)));
                }
            }
            assertTrue(cache.createLeaf(pool.request(pandas(packages))).alive());
        }
        assertEquals(List.of(), pool.zygotes(), "an event about a zygote does not make it somebody else's");
    }

    @Test
    void statisticsAndShapeTellWhatThereIs() throws Exception {
        FakePackages packages = FakePackages.wellKnown();
        FakeSandboxes pool = new FakeSandboxes(packages, ROOMY);
        try (ImportCache cache = open(packages, pool, options())) {
            cache.createLeaf(pool.request(pandas(packages)));
            cache.createLeaf(pool.request(FakeContext.leaf("web", packages.pins("flask==3.1.0"))));
            cache.statistics()
                    .forEach((name, value) -> assertAll(
                            () -> assertTrue(name.matches("[a-z0-9_.-]+"), name), () -> assertNotNull(value)));
            Set<String> shown = ids(cache.shape().roots());
            Set<String> live = pool.zygotes().stream().map(Zygote::id).collect(Collectors.toSet());
            assertEquals(live, shown, "the shape shows the zygotes that live");
        }
    }

    private static Set<String> ids(List<CacheShape.Node> nodes) {
        return nodes.stream()
                .flatMap(ImportCacheContract::below)
                .flatMap(node -> node.zygotes().stream())
                .map(CacheShape.Live::id)
                .collect(Collectors.toSet());
    }

    private static Stream<CacheShape.Node> below(CacheShape.Node node) {
        return Stream.concat(Stream.of(node), node.children().stream().flatMap(ImportCacheContract::below));
    }

    private interface Work<T> {
        T of(int thread) throws Exception;
    }

    private static <T> List<T> together(Work<T> work) throws Exception {
        CountDownLatch ready = new CountDownLatch(THREADS);
        try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<T>> tasks = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                tasks.add(() -> {
                    ready.countDown();
                    ready.await();
                    return work.of(thread);
                });
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : executor.invokeAll(tasks)) {
                results.add(future.get());
            }
            return results;
        }
    }
}
