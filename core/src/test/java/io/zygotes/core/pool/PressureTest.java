package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.plugin.tree.TreeCache;
import io.zygotes.plugin.tree.TreeOptions;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Network;
import io.zygotes.spi.Options;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * More clients than there is memory for, with a zygote tree and without: a model of the two settings of a real worker
 * in which zygotes evicted each other. Memory is that of the worker; all that takes time takes a tenth of it.
 */
@Timeout(60)
class PressureTest {

    private static final long MB = 1 << 20;
    private static final List<String> PINS = List.of("six==1", "attrs==1", "idna==1", "certifi==1", "pytz==1");
    private static final int FUNCTIONS = 18;
    private static final int PROCESSORS = 2;
    private static final int CALL_MILLIS = 2;
    private static final int START_MILLIS = 4;
    private static final int IMPORT_MILLIS = 10;
    private static final Duration LENGTH = Duration.ofMillis(Integer.getInteger("zygotes.pressure.model", 1500));
    private static final String TREE = """
        {"children": [
          {"packages": ["six"], "children": [{"packages": ["attrs"]}, {"packages": ["idna"]}]},
          {"packages": ["attrs"], "children": [{"packages": ["idna"]}, {"packages": ["certifi"]}]},
          {"packages": ["idna"], "children": [{"packages": ["certifi"]}]},
          {"packages": ["certifi"], "children": [{"packages": ["pytz"]}]},
          {"packages": ["pytz"]}]}\
        """;

    /**
     * What came of it.
     *
     * @param workMillis how long the processors of the model worked
     */
    private record Outcome(
            int answers, long workMillis, Map<String, Integer> failures, int zygotes, Map<String, Number> cache) {

        /** Unlike the number of answers, it does not depend on what else the machine does. */
        double workForAnAnswer() {
            return (double) workMillis / answers;
        }
    }

    /** One that is called: its leaves rest here between calls. */
    private static final class Function implements IdleLeaves {
        private final LeafSpec spec;
        private final ArrayDeque<PooledLeaf> idle = new ArrayDeque<>();

        private Function(LeafSpec spec) {
            this.spec = spec;
        }

        @Override
        public PooledLeaf take(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
            while (true) {
                PooledLeaf leaf;
                synchronized (this) {
                    leaf = idle.pollFirst();
                }
                if (leaf == null) {
                    return null;
                }
                if (leaf.hold() && leaf.claim(request)) {
                    return leaf;
                }
            }
        }

        @Override
        public void release(PooledLeaf leaf) {
            synchronized (this) {
                idle.addFirst(leaf);
            }
            leaf.rest();
        }
    }

    private record Context(Sandboxes sandboxes, Packages packages, Limits zygoteLimits) implements ImportCacheContext {
        @Override
        public Options options() {
            throw new IllegalStateException("the options were read before");
        }

        @Override
        public Optional<Object> importCacheTree() {
            return Optional.empty();
        }

        @Override
        public Path workerDirectory() {
            return Path.of(".");
        }

        @Override
        public MemoryBudget memory() {
            throw new IllegalStateException("a tree that does not learn asks for nothing");
        }
    }

    @Test
    void manyFunctionsInALargePoolAreAllAnswered() throws Exception {
        judge(3500, 256, 1024, 24);
    }

    @Test
    void manyFunctionsInASmallPoolAreAllAnswered() throws Exception {
        judge(400, 64, 200, 12);
    }

    private static void judge(int poolMb, int leafMb, int zygoteMb, int clients) throws Exception {
        Outcome none = run(false, poolMb, leafMb, zygoteMb, clients);
        Outcome tree = run(true, poolMb, leafMb, zygoteMb, clients);
        assertEquals(Map.of(), none.failures(), none.toString());
        assertEquals(Map.of(), tree.failures(), tree.toString());
        assertTrue(tree.workForAnAnswer() <= none.workForAnAnswer(), "tree: " + tree + "; none: " + none);
        if (System.getProperty("zygotes.pressure.model") != null) {
            System.err.println("tree: " + tree + "; none: " + none);
        }
    }

    private static Outcome run(boolean withTree, int poolMb, int leafMb, int zygoteMb, int clients) throws Exception {
        FakePackages packages = new FakePackages();
        PINS.forEach(pin -> packages.add(pin, IMPORT_MILLIS, 1));
        packages.measureAll();
        AtomicLong work = new AtomicLong();
        FakeMechanism mechanism = mechanism(work);
        AtomicInteger answers = new AtomicInteger();
        Map<String, Integer> failures = new ConcurrentHashMap<>();
        Map<String, Number> statistics = new TreeMap<>();
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try (SandboxPool pool = new SandboxPool(poolMb * MB, true, Duration.ofMillis(5), Duration.ofSeconds(20), 0)) {
            pool.start(mechanism, new PoolListener() {
                @Override
                public void onEvent(SandboxEvent event) {}

                @Override
                public void onImportCosts(Map<PackageId, ImportCost> costs) {}
            });
            ImportCache[] cache = new ImportCache[1];
            SandboxOwner owner = event -> {
                if (cache[0] != null) {
                    cache[0].onEvent(event);
                }
            };
            cache[0] = withTree
                    ? new TreeCache(
                            TreeReader.text(TREE, "tree.json", Path.of(".")),
                            TreeOptions.DEFAULT,
                            new Context(pool.sandboxes(owner), packages, limits(zygoteMb)))
                    : null;
            List<Function> functions = functions(packages, limits(leafMb));
            long end = System.nanoTime() + LENGTH.toNanos();
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                Random random = new Random(client);
                all.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        Function function = functions.get(random.nextInt(functions.size()));
                        try {
                            call(pool, owner, cache[0], function);
                            answers.incrementAndGet();
                        } catch (SandboxException e) {
                            failures.merge(e.getClass().getSimpleName(), 1, Integer::sum);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get(50, TimeUnit.SECONDS);
            }
            if (withTree) {
                statistics.putAll(cache[0].statistics());
            }
            assertTrue(mechanism.mostBytes() <= poolMb * MB);
        } finally {
            threads.shutdownNow();
        }
        return new Outcome(answers.get(), work.get(), new TreeMap<>(failures), mechanism.zygotes.size(), statistics);
    }

    /** What a worker does for a call, on the thread of the request. */
    private static void call(SandboxPool pool, SandboxOwner owner, ImportCache cache, Function function)
            throws Exception {
        PendingRequest request = new PendingRequest(Duration.ofSeconds(20), function.spec, true, function);
        PooledLeaf leaf = function.take(request);
        if (leaf == null) {
            PooledLeaf made;
            PooledLeaf free;
            try {
                made = (PooledLeaf)
                        (cache == null
                                ? pool.request(request, owner).sandboxes().createLeaf(Optional.empty(), function.spec)
                                : cache.createLeaf(pool.request(request, owner)));
            } finally {
                free = request.end();
            }
            leaf = free == null ? made : free;
        }
        leaf.call(Invocation.post("{}".getBytes()), Duration.ofSeconds(10));
        function.release(leaf);
    }

    private static FakeMechanism mechanism(AtomicLong work) {
        FakeMechanism mechanism = new FakeMechanism();
        Semaphore processors = new Semaphore(PROCESSORS);
        mechanism.beforeZygote = spec -> work(processors, START_MILLIS + IMPORT_MILLIS, work);
        mechanism.program = (leaf, invocation, timeout) -> {
            int millis = CALL_MILLIS;
            if (leaf.calls.get() == 1) {
                int inherited =
                        leaf.parent.map(zygote -> zygote.packages().size()).orElse(0);
                millis += (leaf.spec().packages().size() - inherited) * IMPORT_MILLIS;
                millis += leaf.parent.isEmpty() ? START_MILLIS : 0;
            }
            work(processors, millis, work);
            return FakeMechanism.reply("1");
        };
        return mechanism;
    }

    /** Starting, importing and calling are work for a processor. */
    private static void work(Semaphore processors, int millis, AtomicLong sum) throws InterruptedException {
        processors.acquire();
        try {
            Thread.sleep(millis);
            sum.addAndGet(millis);
        } finally {
            processors.release();
        }
    }

    private static Limits limits(int memMb) {
        return new Limits(memMb, 8, 100, 0, 30, 64, 8);
    }

    private static List<Function> functions(FakePackages packages, Limits limits) {
        List<Function> functions = new ArrayList<>();
        for (int i = 0; i < FUNCTIONS; i++) {
            String first = PINS.get(i % PINS.size());
            String second = PINS.get((i + 1 + i / PINS.size()) % PINS.size());
            Set<PackageId> pins = packages.pins(first, second);
            LeafSpec plain = FakeContext.leaf("f" + i, pins);
            functions.add(new Function(
                    new LeafSpec(plain.lambda(), plain.handler(), plain.packages(), limits, Network.HOST, Map.of())));
        }
        return functions;
    }
}
