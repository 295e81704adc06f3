package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.Eventually;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.spi.FailureKind;
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
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a request that waits for memory gets instead: a leaf that becomes free, or one at rest. */
@Timeout(60)
class PendingRequestTest {

    private static final long MB = 1 << 20;
    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 30, 64, 8);
    private static final ZygoteSpec ROOT = new ZygoteSpec(List.of(), LIMITS);

    private final FakeMechanism mechanism = new FakeMechanism();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> events = new CopyOnWriteArrayList<>();
    /** Room for one sandbox; what is made of one's own accord gives up at once. */
    private SandboxPool pool = pool(100);

    private SandboxPool pool(int megabytes) {
        SandboxPool made = new SandboxPool(megabytes * MB, true, Duration.ofHours(1), Duration.ofMillis(1), 0);
        made.start(mechanism, new PoolListener() {
            @Override
            public void onEvent(SandboxEvent event) {}

            @Override
            public void onImportCosts(Map<PackageId, ImportCost> measured) {}
        });
        return made;
    }

    @AfterEach
    void close() throws InterruptedException {
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        pool.close();
        assertEquals(0, pool.memory().reservedBytes(), "everything is given back");
        assertEquals(0, pool.waiting());
        assertEquals(0, mechanism.living());
    }

    private static LeafSpec leaf(String... packages) {
        Set<PackageId> ids = new HashSet<>();
        for (String each : packages) {
            ids.add(PackageId.parse(each));
        }
        return new LeafSpec("hello", Path.of("/code"), ids, LIMITS, Network.HOST, Map.of());
    }

    private static PendingRequest request(int millis, IdleLeaves idle) {
        return new PendingRequest(Duration.ofMillis(millis), leaf(), true, idle);
    }

    private LeafRequest seen(PendingRequest request) {
        return pool.request(
                request,
                event -> events.add(event.kind() + " " + event.sandbox().id()));
    }

    private PooledLeaf made(LeafSpec spec) throws Exception {
        return (PooledLeaf) pool.sandboxes(event -> {}).createLeaf(Optional.empty(), spec);
    }

    private Leaf leafOf(LeafRequest request) throws Exception {
        return request.sandboxes().createLeaf(Optional.empty(), request.spec());
    }

    private Zygote zygoteOf(LeafRequest request) throws Exception {
        return request.sandboxes().createZygote(Optional.empty(), ROOT);
    }

    private static <T> T result(Future<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aRequestThatWaitsForALeafGetsTheOneThatBecomesFree() throws Exception {
        PooledLeaf only = made(leaf());
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        LeafRequest request = seen(pending);
        assertFalse(pending.offer(only), "it does not wait yet");
        Future<Leaf> waiting = threads.submit(() -> leafOf(request));

        Eventually.holds("it takes the offer", () -> pending.offer(only));
        assertFalse(pending.offer(only), "one is enough");
        pool.wake();

        assertSame(only, result(waiting));
        assertSame(only, leafOf(request), "an import cache that asks again gets the same answer");
        assertFalse(request.needsLeaf());
        assertSame(only, pending.end());
        assertNull(pending.end());
        assertEquals(100 * MB, pool.memory().reservedBytes());
        assertEquals(List.of(), events, "it was there before");
    }

    @Test
    void nothingIsEvictedForARequestThatTookAnOffer() throws Exception {
        pool.close();
        pool = pool(200);
        PooledLeaf offered = made(leaf());
        PooledLeaf other = made(leaf());
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        Future<Leaf> waiting = threads.submit(() -> leafOf(seen(pending)));
        Eventually.holds("it takes the offer", () -> pending.offer(offered));

        // It happens after the request took the leaf, and before its thread has seen that.
        other.rest();

        assertSame(offered, result(waiting));
        assertTrue(other.alive());
        assertEquals(0, pool.waiting());
    }

    @Test
    void aThreadOfAPluginKeepsTheDeadlineAndTheOfferOfItsRequest() throws Exception {
        PooledLeaf only = made(leaf());
        LeafRequest brief = seen(request(30, FakeIdleLeaves.NONE));
        long start = System.nanoTime();
        Future<?> late = threads.submit(() -> assertThrows(SandboxException.NoCapacity.class, () -> leafOf(brief)));
        result(late);
        assertTrue(System.nanoTime() - start >= 25_000_000L, "the request's patience and not the pool's");
        assertEquals(Duration.ZERO, brief.remaining());

        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        LeafRequest request = seen(pending);
        assertTrue(request.remaining().compareTo(Duration.ofSeconds(5)) > 0);
        Future<Leaf> waiting = threads.submit(() -> result(threads.submit(() -> leafOf(request))));
        Eventually.holds("it takes the offer", () -> pending.offer(only));
        pool.wake();

        assertSame(only, result(waiting));
    }

    @Test
    void onlyWaitingForMemoryCountsAsWaitingForMemory() throws Exception {
        PendingRequest pending = request(300, FakeIdleLeaves.NONE);
        LeafRequest request = seen(pending);
        // An install, or an import.
        Thread.sleep(350);
        assertTrue(request.remaining().toMillis() > 250, request.remaining().toString());
        PooledLeaf only = made(leaf());

        long start = System.nanoTime();
        SandboxException e = assertThrows(SandboxException.NoCapacity.class, () -> leafOf(request));
        assertTrue(System.nanoTime() - start >= 250_000_000L);
        assertTrue(e.getMessage().matches("waited \\d+ ms .*"), e.getMessage());
        assertTrue(Integer.parseInt(e.getMessage().split(" ")[1]) >= 250, e.getMessage());
        assertEquals(Duration.ZERO, request.remaining());
        only.destroy();
    }

    @Test
    void aZygoteThatWasMadeForARequestIsWantedUntilTheRequestEnds() throws Exception {
        pool.close();
        pool = pool(200);
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        Zygote zygote = zygoteOf(seen(pending));
        PooledLeaf resting = made(leaf());
        resting.rest();
        Leaf second = leafOf(seen(request(30_000, FakeIdleLeaves.NONE)));
        assertTrue(zygote.alive());
        assertFalse(resting.alive());

        pending.end();
        // It was used a moment ago, and zygotes have less than their share: it stays until the last resort.
        long start = System.nanoTime();
        leafOf(seen(request(30_000, FakeIdleLeaves.NONE)));
        assertTrue(System.nanoTime() - start > 150_000_000L);
        assertFalse(zygote.alive());
        second.destroy();
        SandboxException.ZygoteGone e = assertThrows(
                SandboxException.ZygoteGone.class,
                () -> pool.sandboxes(event -> {}).createLeaf(Optional.of(zygote), leaf()));
        assertEquals(FailureKind.NO_MEMORY, e.kind(), e.getMessage());
    }

    @Test
    void aZygoteIsMadeOnlyOfFreeMemoryIfThatIsAskedFor() throws Exception {
        PooledLeaf idle = made(leaf());
        idle.rest();
        LeafRequest request = seen(request(10_000, FakeIdleLeaves.NONE));

        assertEquals(Optional.empty(), request.sandboxes().createZygoteIfFree(Optional.empty(), ROOT));
        assertTrue(idle.alive());
        idle.destroy();
        assertTrue(request.sandboxes()
                .createZygoteIfFree(Optional.empty(), ROOT)
                .orElseThrow()
                .alive());
    }

    @Test
    void whoHasEndedMakesNothingAnyMore() throws Exception {
        AtomicBoolean closed = new AtomicBoolean();
        SandboxOwner owner = new SandboxOwner() {
            @Override
            public void onEvent(SandboxEvent event) {}

            @Override
            public boolean closed() {
                return closed.get();
            }
        };
        Sandboxes sandboxes = pool.sandboxes(owner);
        mechanism.beforeZygote = spec -> closed.set(true);

        SandboxException e = assertThrows(SandboxException.class, () -> sandboxes.createZygote(Optional.empty(), ROOT));

        assertTrue(e.getMessage().contains("was closed"), e.getMessage());
        assertEquals(0, mechanism.living(), "what was under way is destroyed");
        assertThrows(SandboxException.class, () -> sandboxes.createLeaf(Optional.empty(), leaf()));
        assertThrows(SandboxException.class, () -> sandboxes.createZygoteIfFree(Optional.empty(), ROOT));
    }

    @Test
    void whatIsMadeOfOnesOwnAccordWaitsWithThePoolsPatienceAndTakesNothingFree() throws Exception {
        made(leaf());
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        Sandboxes own = pool.sandboxes(event -> {});

        assertThrows(SandboxException.NoCapacity.class, () -> own.createLeaf(Optional.empty(), leaf()));

        assertTrue(seen(pending).needsLeaf());
    }

    @Test
    void aRequestThatWaitsForAZygoteNeedsNoneWhenALeafBecomesFree() throws Exception {
        PooledLeaf only = made(leaf());
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        LeafRequest request = seen(pending);
        Future<SandboxException> waiting =
                threads.submit(() -> assertThrows(SandboxException.NoCapacity.class, () -> zygoteOf(request)));
        Eventually.holds("it takes the offer", () -> pending.offer(only));
        pool.wake();

        SandboxException e = result(waiting);
        assertEquals(FailureKind.NO_MEMORY, e.kind());
        assertTrue(e.getMessage().contains("became free"), e.getMessage());
        assertFalse(request.needsLeaf());
        assertSame(only, leafOf(request));
    }

    @Test
    void aRequestThatWaitsForAZygoteIsSentBackForALeafAtRestInsteadOfEvictingIt() throws Exception {
        PooledLeaf idle = made(leaf());
        idle.rest();
        LeafRequest request = seen(request(10_000, new FakeIdleLeaves(idle)));

        assertThrows(SandboxException.NoCapacity.class, () -> zygoteOf(request));

        assertFalse(request.needsLeaf());
        assertSame(idle, leafOf(request));
        assertTrue(idle.alive());
    }

    @Test
    void aRequestIsSentBackForALeafAtRestThatItCouldUse() throws Exception {
        PooledLeaf idle = made(leaf());
        idle.rest();
        FakeIdleLeaves leaves = new FakeIdleLeaves(idle);
        LeafRequest request = seen(request(10_000, leaves));

        assertSame(idle, leafOf(request));
        assertSame(idle, leafOf(request));

        assertTrue(idle.alive());
        assertEquals(1, leaves.asked.get());
        assertEquals(0, pool.waiting());
    }

    @Test
    void aRequestIsSentBackOnceOnly() throws Exception {
        PooledLeaf idle = made(leaf());
        idle.rest();
        FakeIdleLeaves gone = new FakeIdleLeaves();
        LeafRequest request = seen(request(10_000, gone));

        Leaf fresh = leafOf(request);

        assertNotSame(idle, fresh);
        assertTrue(fresh.alive());
        assertFalse(idle.alive(), "another request might have got the leaf, so this one has it evicted");
        assertEquals(1, gone.asked.get());
        assertTrue(request.needsLeaf());
    }

    @Test
    void aRequestIsNotSentBackForALeafThatItCannotUse() throws Exception {
        made(leaf("numpy==1")).rest();
        FakeIdleLeaves leaves = new FakeIdleLeaves();
        PooledLeaf plain = (PooledLeaf) leafOf(seen(request(10_000, leaves)));
        plain.rest();
        PendingRequest picky = new PendingRequest(Duration.ofSeconds(10), leaf(), false, leaves);

        assertTrue(leafOf(seen(picky)).alive());

        assertFalse(plain.alive());
        assertEquals(0, leaves.asked.get());
    }

    @Test
    void twoThreadsOfOneRequestGetOneLeafAtRestTogether() throws Exception {
        PooledLeaf idle = made(leaf());
        FakeIdleLeaves leaves = new FakeIdleLeaves(idle);
        CountDownLatch looking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        leaves.before = () -> {
            looking.countDown();
            awaitQuietly(goOn);
        };
        LeafRequest request = seen(request(10_000, leaves));
        List<Future<Leaf>> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(threads.submit(() -> leafOf(request)));
        }
        Eventually.holds("both wait", () -> pool.waiting() == 2);

        idle.rest();
        assertTrue(looking.await(30, TimeUnit.SECONDS));
        goOn.countDown();

        for (Future<Leaf> each : both) {
            assertSame(idle, result(each));
        }
        assertEquals(1, leaves.asked.get());
        assertEquals(List.of(), leaves.released);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aRequestThatEndedGetsNothingAnyMore() throws Exception {
        PooledLeaf only = made(leaf());
        PendingRequest pending = request(10_000, FakeIdleLeaves.NONE);
        LeafRequest request = seen(pending);
        Future<Zygote> waiting = threads.submit(() -> zygoteOf(request));
        Eventually.holds("it waits", () -> pool.waiting() == 1);

        assertNull(pending.end());

        assertFalse(pending.offer(only));
        assertFalse(request.needsLeaf());
        only.rest();
        assertTrue(result(waiting).alive(), "the zygote is of use to others, and is made");
        assertFalse(only.alive());
    }

    @Test
    void aLeafThatIsFoundAfterTheEndOfTheRequestGoesBack() throws Exception {
        PooledLeaf idle = made(leaf());
        FakeIdleLeaves leaves = new FakeIdleLeaves(idle);
        PendingRequest pending = request(100, leaves);
        leaves.before = () -> assertNull(pending.end());
        idle.rest();

        assertThrows(SandboxException.NoCapacity.class, () -> zygoteOf(seen(pending)));

        assertEquals(List.of(idle), leaves.released);
        assertNull(pending.end());
    }

    @Test
    void anOwnerHearsOfWhatWasMadeForIt() throws Exception {
        pool.close();
        pool = pool(300);
        made(leaf());
        LeafRequest request = seen(request(1000, FakeIdleLeaves.NONE));

        Zygote zygote = zygoteOf(request);
        Leaf leaf = leafOf(request);
        leaf.destroy();

        assertEquals(List.of("MADE " + zygote.id(), "MADE " + leaf.id(), "DESTROYED " + leaf.id()), events);
    }

    @Test
    void manyThreadsOfManyRequestsGetOneLeafEachAndLoseNone() throws Exception {
        pool.close();
        pool = pool(250);
        List<PooledLeaf> resting = new CopyOnWriteArrayList<>();
        IdleLeaves shared = new IdleLeaves() {
            @Override
            public PooledLeaf take(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
                PooledLeaf leaf;
                synchronized (resting) {
                    leaf = resting.isEmpty() ? null : resting.removeFirst();
                }
                return leaf != null && leaf.hold() && leaf.claim(request) ? leaf : null;
            }

            @Override
            public void release(PooledLeaf leaf) {
                resting.add(leaf);
                leaf.rest();
            }
        };
        AtomicBoolean wrong = new AtomicBoolean();
        Set<PooledLeaf> inUse = ConcurrentHashMap.newKeySet();
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            all.add(threads.submit(() -> {
                for (int n = 0; n < 150; n++) {
                    serve(shared, inUse, wrong);
                }
                return null;
            }));
        }
        for (Future<?> one : all) {
            one.get(50, TimeUnit.SECONDS);
        }

        assertFalse(wrong.get(), "no leaf served two requests at once");
        assertEquals(0, pool.waiting());
        assertTrue(mechanism.mostBytes() <= 250 * MB);
    }

    /** One request, whose import cache makes a zygote on a thread of its own meanwhile. */
    private void serve(IdleLeaves shared, Set<PooledLeaf> inUse, AtomicBoolean wrong) throws Exception {
        PendingRequest pending = request(30_000, shared);
        LeafRequest request = seen(pending);
        Future<?> beside = threads.submit(() -> {
            try {
                zygoteOf(request).destroy();
            } catch (SandboxException.NoCapacity e) {
                // The request got its leaf while the zygote waited.
                assertFalse(e.getMessage().isEmpty());
            }
            return null;
        });
        PooledLeaf got = (PooledLeaf) leafOf(request);
        PooledLeaf free = pending.end();
        PooledLeaf mine = free == null ? got : free;
        if (!inUse.add(mine)) {
            wrong.set(true);
        }
        Thread.yield();
        inUse.remove(mine);
        if (mine != got) {
            shared.release(got);
        }
        shared.release(mine);
        result(beside);
    }
}
