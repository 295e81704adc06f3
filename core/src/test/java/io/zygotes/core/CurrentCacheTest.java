package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.FakeCache;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanism.FakeZygote;
import io.zygotes.core.pool.IdleLeaves;
import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.PoolListener;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxEvent.Kind;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replacing the import cache while it is used. */
@Timeout(60)
class CurrentCacheTest {

    private static final LeafSpec HELLO = new LeafSpec(
            "hello", Path.of("/code"), Set.of(), new Limits(256, 32, 100, 0, 30, 256, 64), Network.HOST, Map.of());

    private static final PoolListener SILENT = new PoolListener() {
        @Override
        public void onEvent(SandboxEvent event) {}

        @Override
        public void onImportCosts(Map<PackageId, ImportCost> measured) {}
    };

    private final FakeMechanism mechanism = new FakeMechanism();
    private final SandboxPool pool = new SandboxPool(64L << 30, true, Duration.ofHours(1), Duration.ofSeconds(10), 0);
    private final List<FakeCache> caches = new ArrayList<>();
    private final CurrentCache current;

    CurrentCacheTest() throws ConfigException {
        pool.start(mechanism, SILENT);
        current = new CurrentCache(pool, this::make);
    }

    @AfterEach
    void close() {
        pool.close();
        assertEquals(0, mechanism.living());
    }

    @Test
    void whatAClosedCacheHadPinnedIsNotPinnedAnyMore() throws Exception {
        SandboxPool small = new SandboxPool(820L << 20, true, Duration.ofHours(1), Duration.ofSeconds(10), 0);
        small.start(mechanism, SILENT);
        List<Sandboxes> own = new ArrayList<>();
        ZygoteSpec spec = new ZygoteSpec(List.of(), HELLO.limits());
        try (small) {
            CurrentCache cache = new CurrentCache(small, sandboxes -> {
                own.add(sandboxes);
                return new FakeCache(true);
            });
            Zygote forgotten = own.getFirst().createZygote(Optional.empty(), spec);
            assertTrue(own.getFirst().pin(forgotten));
            cache.replace(sandboxes -> {
                own.add(sandboxes);
                return new FakeCache(true);
            });

            assertFalse(own.getFirst().pin(forgotten));
            Zygote present = own.getLast().createZygote(Optional.empty(), spec);
            assertTrue(own.getLast().pin(present));
            // All but the room of one zygote.
            for (int i = 0; i < 3; i++) {
                own.getLast().createLeaf(Optional.empty(), HELLO);
            }
            assertFalse(forgotten.alive());
            assertTrue(present.alive());
            cache.close();
        }
    }

    private ImportCache make(Sandboxes sandboxes) {
        FakeCache cache = new FakeCache(true);
        caches.add(cache);
        return cache;
    }

    private Leaf newLeaf() throws Exception {
        return current.createLeaf(new PendingRequest(Duration.ofSeconds(10), HELLO, true, new IdleLeaves() {
            @Override
            public PooledLeaf take(PendingRequest request) {
                return null;
            }

            @Override
            public void release(PooledLeaf leaf) {
                throw new IllegalStateException("none was taken");
            }
        }));
    }

    private List<FakeZygote> zygotes() {
        return mechanism.zygotes.stream().filter(FakeZygote::alive).toList();
    }

    private static List<Kind> kinds(FakeCache cache) {
        return cache.events.stream().map(event -> event.kind()).toList();
    }

    @Test
    void newLeavesComeFromTheNewCacheAndTheOldZygotesGo() throws Exception {
        Leaf old = newLeaf();

        current.replace(this::make);
        Leaf fresh = newLeaf();

        assertTrue(caches.get(0).closed);
        assertFalse(caches.get(1).closed);
        assertTrue(old.alive() && fresh.alive());
        assertEquals(1, zygotes().size());
        assertEquals(2, mechanism.zygotes.size());
    }

    @Test
    void aCacheHearsOfItsOwnSandboxesOnlyAndOfNothingOnceItIsClosed() throws Exception {
        Leaf old = newLeaf();
        current.replace(this::make);
        List<Kind> untilClosed = kinds(caches.get(0));

        Leaf fresh = newLeaf();
        old.destroy();
        fresh.destroy();

        assertEquals(List.of(Kind.MADE, Kind.MADE), untilClosed);
        assertEquals(untilClosed, kinds(caches.get(0)));
        assertEquals(List.of(Kind.MADE, Kind.MADE, Kind.DESTROYED), kinds(caches.get(1)));
        assertSame(fresh, caches.get(1).events.getLast().sandbox());
    }

    @Test
    void theOldCacheIsClosedOnlyWhenItsLastLeafIsMade() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        mechanism.beforeLeaf = spec -> {
            inside.countDown();
            goOn.await();
        };
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<Leaf> slow = executor.submit(this::newLeaf);
            inside.await();

            current.replace(this::make);

            assertFalse(caches.get(0).closed);
            goOn.countDown();
            assertTrue(slow.get().alive());
            assertTrue(caches.get(0).closed);
        }
        assertEquals(List.of(), zygotes());
    }

    @Test
    void aCacheThatCannotBeMadeLeavesTheOldOneAtWork() throws Exception {
        ConfigException wrong = new ConfigException("config.json: $.plugins.x", "wrong");

        assertSame(
                wrong,
                assertThrows(
                        ConfigException.class,
                        () -> current.replace(sandboxes -> {
                            throw wrong;
                        })));

        assertFalse(caches.get(0).closed);
        assertTrue(newLeaf().alive());
    }

    @Test
    void aCacheThatTakesNoRequestsMakesLeavesAllTheSameAndHearsOfThem() throws Exception {
        List<Kind> heard = new ArrayList<>();
        current.replace(sandboxes -> new ImportCache() {
            @Override
            @SuppressWarnings("deprecation") // as a plugin that was made for 1.1 has it
            public Leaf createLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
                return sandboxes.createLeaf(Optional.empty(), spec);
            }

            @Override
            public void onEvent(SandboxEvent event) {
                heard.add(event.kind());
            }

            @Override
            public void close() {}
        });

        newLeaf().destroy();

        assertEquals(List.of(Kind.MADE, Kind.DESTROYED), heard);
        assertEquals(List.of(), caches.getFirst().events);
    }

    @Test
    void aCacheHearsOfWhatAThreadOfItsOwnMakes() throws Exception {
        List<Kind> heard = new CopyOnWriteArrayList<>();
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            current.replace(sandboxes -> new ImportCache() {
                @Override
                public Leaf createLeaf(LeafRequest request) throws SandboxException {
                    try {
                        return executor.submit(() -> request.sandboxes().createLeaf(Optional.empty(), request.spec()))
                                .get();
                    } catch (InterruptedException | ExecutionException e) {
                        throw new SandboxException("the thread of its own failed", e);
                    }
                }

                @Override
                public void onEvent(SandboxEvent event) {
                    heard.add(event.kind());
                }

                @Override
                public void close() {}
            });

            assertTrue(newLeaf().alive());
        }
        assertEquals(List.of(Kind.MADE), heard);
    }

    @Test
    void aCacheMayMakeZygotesWhileItIsMade() throws Exception {
        List<Kind> heard = new ArrayList<>();
        Zygote[] zygote = new Zygote[1];
        current.replace(sandboxes -> {
            try {
                zygote[0] = sandboxes.createZygote(Optional.empty(), new ZygoteSpec(List.of(), HELLO.limits()));
            } catch (SandboxException | InterruptedException e) {
                throw new ConfigException("here", "no zygote", e);
            }
            return new ImportCache() {
                @Override
                public void onEvent(SandboxEvent event) {
                    heard.add(event.kind());
                }

                @Override
                public void close() {}
            };
        });

        zygote[0].destroy();

        assertEquals(List.of(Kind.DESTROYED), heard);
    }

    @Test
    void aCacheThatFailsToCloseDisturbsNobody() throws Exception {
        current.replace(sandboxes -> new ImportCache() {
            @Override
            @SuppressWarnings("deprecation") // as a plugin that was made for 1.1 has it
            public Leaf createLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
                return sandboxes.createLeaf(Optional.empty(), spec);
            }

            @Override
            public void close() {
                throw new IllegalStateException("on purpose");
            }
        });

        current.replace(this::make);

        assertTrue(newLeaf().alive());
    }

    @Test
    void manyRequestsAndManyReplacementsLoseNothing() throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        List<Future<Integer>> made = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
            for (int i = 0; i < 8; i++) {
                made.add(executor.submit(() -> {
                    int count = 0;
                    while (!ended.get() || count == 0) {
                        newLeaf().destroy();
                        count++;
                    }
                    return count;
                }));
            }
            for (int i = 0; i < 200; i++) {
                current.replace(this::make);
            }
            ended.set(true);
            for (Future<Integer> each : made) {
                assertTrue(each.get() > 0);
            }
        }
        current.close();

        assertTrue(caches.stream().allMatch(cache -> cache.closed));
        assertEquals(List.of(), zygotes());
        assertEquals(0, pool.memory().reservedBytes());
    }
}
