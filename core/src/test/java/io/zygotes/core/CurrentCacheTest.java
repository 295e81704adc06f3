package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.FakeCache;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxEvent.Kind;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.Trouble;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replacing the import cache while it is used. */
@Timeout(60)
class CurrentCacheTest {

    private static final LeafSpec HELLO = FakeContext.leaf("hello", Set.of());

    private final FakeSandboxes pool = new FakeSandboxes(FakePackages.wellKnown(), 64 * 1024);
    private final List<FakeCache> caches = new ArrayList<>();
    private final CurrentCache current;

    CurrentCacheTest() throws ConfigException {
        current = new CurrentCache(pool, this::make);
        pool.listener(current::onEvent);
    }

    private ImportCache make(Sandboxes sandboxes) {
        FakeCache cache = new FakeCache(sandboxes, true);
        caches.add(cache);
        return cache;
    }

    private static List<Kind> kinds(FakeCache cache) {
        return cache.events.stream().map(event -> event.kind()).toList();
    }

    @Test
    void newLeavesComeFromTheNewCacheAndTheOldZygotesGo() throws Exception {
        Leaf old = current.createLeaf(HELLO);

        current.replace(this::make);
        Leaf fresh = current.createLeaf(HELLO);

        assertTrue(caches.get(0).closed);
        assertFalse(caches.get(1).closed);
        assertTrue(old.alive() && fresh.alive());
        assertEquals(1, pool.zygotes().size());
        assertEquals(2, pool.zygotesMade());
    }

    @Test
    void aCacheHearsOfItsOwnSandboxesOnlyAndOfNothingOnceItIsClosed() throws Exception {
        Leaf old = current.createLeaf(HELLO);
        current.replace(this::make);
        List<Kind> untilClosed = kinds(caches.get(0));

        Leaf fresh = current.createLeaf(HELLO);
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
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws InterruptedException {
                inside.countDown();
                goOn.await();
            }
        });
        try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
            Future<Leaf> slow = executor.submit(() -> current.createLeaf(HELLO));
            inside.await();

            current.replace(this::make);

            assertFalse(caches.get(0).closed);
            goOn.countDown();
            assertTrue(slow.get().alive());
            assertTrue(caches.get(0).closed);
        }
        assertEquals(List.of(), pool.zygotes());
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
        assertTrue(current.createLeaf(HELLO).alive());
    }

    @Test
    void aCacheThatFailsToCloseDisturbsNobody() throws Exception {
        current.replace(sandboxes -> new ImportCache() {
            @Override
            public Leaf createLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
                return sandboxes.createLeaf(Optional.empty(), spec);
            }

            @Override
            public void close() {
                throw new IllegalStateException("on purpose");
            }
        });

        current.replace(this::make);

        assertTrue(current.createLeaf(HELLO).alive());
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
                        current.createLeaf(HELLO).destroy();
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
        assertEquals(List.of(), pool.zygotes());
        assertEquals(0, pool.memory().reservedBytes());
        assertEquals(List.of(), pool.violations());
    }
}
