package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.Eventually;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanism.FakeLeaf;
import io.zygotes.core.fake.FakeMechanism.FakeZygote;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.ImportCost;
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
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SandboxPoolTest {

    private static final long MB = 1 << 20;
    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 30, 64, 8);

    private final FakeMechanism mechanism = new FakeMechanism();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final Map<PackageId, ImportCost> costs = new ConcurrentHashMap<>();
    private SandboxPool pool;
    /** What whoever is told of a sandbox that died does; it is told on the pool's thread. */
    private volatile Callable<?> whenTold = () -> null;

    @BeforeEach
    void start() {
        pool = pool(1000, Duration.ofHours(1));
    }

    private SandboxPool pool(int megabytes, Duration grace) {
        SandboxPool made = new SandboxPool(megabytes * MB, true, grace, Duration.ofMillis(100), 0);
        made.start(mechanism, new PoolListener() {
            @Override
            public void onEvent(SandboxEvent event) {
                events.add(event.kind() + " " + event.sandbox().id());
                if (event.kind() == Kind.DIED) {
                    try {
                        whenTold.call();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                }
            }

            @Override
            public void onImportCosts(Map<PackageId, ImportCost> measured) {
                costs.putAll(measured);
            }
        });
        return made;
    }

    @AfterEach
    void close() {
        pool.close();
        assertEquals(0, reserved(), "everything is given back");
        assertEquals(0, mechanism.living());
    }

    private long reserved() {
        return pool.memory().reservedBytes();
    }

    private static LeafSpec leaf(String... packages) {
        return new LeafSpec(
                "hello",
                Path.of("/code"),
                Arrays.stream(packages).map(PackageId::parse).collect(Collectors.toSet()),
                LIMITS,
                Network.HOST,
                Map.of());
    }

    private static ZygoteSpec zygote(String... packages) {
        return new ZygoteSpec(Arrays.stream(packages).map(PackageId::parse).toList(), LIMITS);
    }

    private PooledLeaf newLeaf(Optional<Zygote> parent, String... packages) throws Exception {
        return (PooledLeaf) own().createLeaf(parent, leaf(packages));
    }

    /** The pool for what is made of one's own accord. */
    private Sandboxes own() {
        return pool.sandboxes(event -> {});
    }

    private static PendingRequest request() {
        return request(100, FakeIdleLeaves.NONE);
    }

    private static PendingRequest request(int millis, IdleLeaves idle) {
        return new PendingRequest(Duration.ofMillis(millis), leaf(), true, idle);
    }

    /** The pool on behalf of a request. */
    private Sandboxes of(PendingRequest request) {
        return pool.request(request, event -> {}).sandboxes();
    }

    private PooledLeaf newLeafFor(PendingRequest request) throws Exception {
        return (PooledLeaf) of(request).createLeaf(Optional.empty(), leaf());
    }

    private static boolean claim(PooledLeaf leaf) throws Exception {
        return leaf.hold() && leaf.claim(request());
    }

    @Test
    void aZygoteHasRoomForManyChildrenAtOnceWhenHousekeepingIsLate() throws Exception {
        pool.close();
        pool = pool(10_000, Duration.ofHours(1));
        own().createZygote(Optional.empty(), zygote());
        mechanism.zygotes.getFirst().die();
        Zygote zygote = own().createZygote(Optional.empty(), zygote());
        FakeZygote inner = mechanism.zygotes.getLast();
        assertEquals(mechanism.usage + PooledZygote.SLACK, mechanism.limitOf(inner));
        CountDownLatch late = new CountDownLatch(1);
        whenTold = () -> late.await(30, TimeUnit.SECONDS);
        pool.onDied(new SandboxEvent(Kind.DIED, mechanism.zygotes.getFirst()));
        mechanism.beforeLeaf = spec -> mechanism.usage += MB;
        List<Long> left = new ArrayList<>();
        try {
            for (int i = 0; i < 60; i++) {
                newLeaf(Optional.of(zygote));
                left.add(mechanism.limitOf(inner) - mechanism.usage);
            }
        } finally {
            late.countDown();
        }
        assertTrue(left.stream().allMatch(bytes -> bytes >= PooledZygote.SLACK / 4), left::toString);
    }

    @Test
    void whereFilesAreShortLeavesAtRestGoAndOnlyThese() throws Exception {
        SandboxException.NoCapacity short_ =
                new SandboxException.NoCapacity(FailureKind.TOO_MANY_FILES, "Too many open files");
        mechanism.beforeLeaf = spec -> {
            if (mechanism.livingLeaves() >= 3) {
                throw short_;
            }
        };
        own().createZygote(Optional.empty(), zygote());
        PooledLeaf busy = newLeaf(Optional.empty());
        PooledLeaf old = newLeaf(Optional.empty());
        PooledLeaf other = newLeaf(Optional.empty());
        old.rest();
        other.rest();

        PooledLeaf next = newLeaf(Optional.empty());
        assertFalse(old.alive() || other.alive());
        assertTrue(busy.alive());
        assertTrue(mechanism.zygotes.getFirst().alive(), "a zygote is worth more");
        assertTrue(events.contains("EVICTED " + old.id()), events.toString());

        PooledLeaf last = newLeaf(Optional.empty());
        assertSame(short_, assertThrows(SandboxException.class, () -> newLeaf(Optional.empty())));
        assertTrue(busy.alive() && next.alive() && last.alive());
    }

    @Test
    void leavesAtRestMakeRoomForWhateverElseNeedsFiles() throws Exception {
        UncheckedIOException short_ =
                new UncheckedIOException(new FileSystemException("f.py", null, "Too many open files"));
        PooledLeaf busy = newLeaf(Optional.empty());
        assertFalse(pool.relieve(short_, 1), "none is at rest");
        PooledLeaf old = newLeaf(Optional.empty());
        old.rest();

        assertFalse(pool.relieve(new UncheckedIOException(new IOException("Input/output error")), 1));
        assertTrue(old.alive());
        assertTrue(pool.relieve(short_, 1));
        assertFalse(old.alive());
        assertTrue(busy.alive());
    }

    @Test
    void aLeafReservesItsLimitUntilItIsDestroyed() throws Exception {
        PooledLeaf leaf = newLeaf(Optional.empty());
        assertEquals(100 * MB, reserved());

        leaf.destroy();
        leaf.destroy();

        assertEquals(0, reserved());
        assertFalse(leaf.alive());
        assertEquals(1, mechanism.leaves.getFirst().destroyed);
        assertEquals(List.of("MADE leaf-1", "DESTROYED leaf-1"), events);
    }

    @Test
    void aZygoteKeepsOnlyWhatItUsesAfterItsImports() throws Exception {
        own().createZygote(Optional.empty(), zygote("numpy==1"));

        assertEquals(42 * MB, reserved(), "10 in use and 32 for its forks");
        assertEquals(42 * MB, mechanism.limitOf(mechanism.zygotes.getFirst()));
        assertEquals(new ImportCost(5, 1), costs.get(PackageId.parse("numpy==1")));
    }

    @Test
    void aLeafIsNeverForkedFromAZygoteWithAPackageTooMany() throws Exception {
        Zygote zygote = own().createZygote(Optional.empty(), zygote("numpy==1", "six==1"));

        for (String[] packages : new String[][] {{}, {"numpy==1"}, {"numpy==1", "six==2"}, {"numpy==2", "six==1"}}) {
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class, () -> own().createLeaf(Optional.of(zygote), leaf(packages)));
            assertTrue(e.getMessage().contains("did not ask for"), e.getMessage());
        }
        newLeaf(Optional.of(zygote), "numpy==1", "six==1", "more==3");

        assertEquals(1, mechanism.leaves.size());
        assertEquals(142 * MB, reserved());
    }

    @Test
    void aZygoteIsNeverForkedFromOneWithAPackageTooMany() throws Exception {
        Zygote zygote = own().createZygote(Optional.empty(), zygote("numpy==1"));

        assertThrows(IllegalArgumentException.class, () -> own().createZygote(Optional.of(zygote), zygote("six==1")));
        own().createZygote(Optional.of(zygote), zygote("numpy==1", "six==1"));
    }

    /** pandas that looked for pyarrow in vain, say: a lambda with pyarrow is forked from what is above pandas. */
    @Test
    void whatDoesNotFitAZygoteIsForkedFromTheClosestOneAboveThatItFits() throws Exception {
        mechanism.misfits = (zygote, packages) -> zygote.packages().contains(PackageId.parse("pandas==1"))
                && packages.contains(PackageId.parse("pyarrow==1"));
        Zygote root = own().createZygote(Optional.empty(), zygote());
        Zygote above = own().createZygote(Optional.of(root), zygote("numpy==1"));
        Zygote lacks = own().createZygote(Optional.of(above), zygote("numpy==1", "pandas==1"));
        Zygote below = own().createZygote(Optional.of(lacks), zygote("numpy==1", "pandas==1", "six==1"));
        String[] names = {"numpy==1", "pandas==1", "six==1", "pyarrow==1"};
        assertEquals(above.id(), parentOf(below, names));
        assertEquals(below.id(), parentOf(below, "numpy==1", "pandas==1", "six==1"));
        above.destroy();
        assertEquals(root.id(), parentOf(below, names), "of those that live");
        root.destroy();
        assertEquals("none", parentOf(below, names));
        assertTrue(below.alive(), "nothing is wrong with it");
    }

    private String parentOf(Zygote asked, String... packages) throws Exception {
        newLeaf(Optional.of(asked), packages);
        return mechanism.leaves.getLast().parent.map(Zygote::id).orElse("none");
    }

    @Test
    void aZygoteIsNotForkedFromOneThatLookedForItsPackagesInVain() throws Exception {
        mechanism.misfits = (zygote, packages) -> zygote.packages().contains(PackageId.parse("pandas==1"))
                && packages.contains(PackageId.parse("pyarrow==1"));
        Zygote root = own().createZygote(Optional.empty(), zygote());
        Zygote lacks = own().createZygote(Optional.of(root), zygote("pandas==1"));
        Zygote both = own().createZygote(Optional.of(lacks), zygote("pandas==1", "pyarrow==1"));
        assertEquals(
                root.id(), mechanism.zygotes.getLast().parent.map(Zygote::id).orElse("none"));
        assertEquals(
                List.of("pandas==1", "pyarrow==1"),
                both.packages().stream().map(PackageId::toString).toList());
    }

    @Test
    void aZygoteOfSomebodyElseIsRefused() throws Exception {
        Zygote foreign = mechanism.createZygote(Optional.empty(), zygote());

        assertThrows(IllegalArgumentException.class, () -> own().createLeaf(Optional.of(foreign), leaf()));
        assertEquals(0, reserved());
        foreign.destroy();
    }

    @Test
    void theMechanismGetsItsOwnZygoteAndNotThePools() throws Exception {
        Zygote zygote = own().createZygote(Optional.empty(), zygote());
        newLeaf(Optional.of(zygote));

        assertSame(
                mechanism.zygotes.getFirst(), mechanism.leaves.getFirst().parent.orElseThrow());
    }

    @Test
    void aFailureGivesEverythingBack() throws Exception {
        Zygote zygote = own().createZygote(Optional.empty(), zygote());
        long before = reserved();
        List<Throwable> failures = List.of(
                new SandboxException("no fork"),
                new SandboxException.ImportFailed("x", "tb"),
                new SandboxException.TimedOut("late"),
                new IllegalStateException("a fault"),
                new OutOfMemoryError("a fault of the machine"),
                new InterruptedException());
        for (Throwable failure : failures) {
            mechanism.beforeLeaf = spec -> FailingStep.doThrow(failure);
            mechanism.beforeZygote = spec -> FailingStep.doThrow(failure);
            mechanism.jobProgram = job -> FailingStep.doThrow(failure);
            Class<? extends Throwable> kind = failure.getClass();
            assertThrows(kind, () -> own().createLeaf(Optional.of(zygote), leaf()));
            assertThrows(kind, () -> own().createZygote(Optional.of(zygote), zygote()));
            assertThrows(kind, () -> pool.run(job(50)));
            assertThrows(kind, () -> pool.runIfRoom(job(50)));
            assertEquals(before, reserved(), "after " + failure);
        }
        assertTrue(zygote.alive());
    }

    /** Throws what the signature does not allow. */
    private static final class FailingStep {
        @SuppressWarnings("unchecked")
        static <T, X extends Throwable> T doThrow(Throwable failure) throws X {
            throw (X) failure;
        }
    }

    private static Job job(int megabytes) {
        return new Job(
                "job", "", List.of(), Map.of(), List.of(), new Limits(megabytes, 1, 1, 0, 1, 16, 1), Network.NONE);
    }

    @Test
    void aZygoteThatCannotForkIsTakenOut() throws Exception {
        Zygote zygote = own().createZygote(Optional.empty(), zygote());
        mechanism.zygotes.getFirst().die();

        assertThrows(SandboxException.ZygoteGone.class, () -> own().createLeaf(Optional.of(zygote), leaf()));
        assertThrows(SandboxException.ZygoteGone.class, () -> own().createLeaf(Optional.of(zygote), leaf()));

        assertEquals(0, reserved());
        assertEquals(List.of("MADE zygote-1", "DIED zygote-1"), events);
    }

    @Test
    void idleSandboxesAreEvictedLeastRecentlyUsedFirst() throws Exception {
        pool.close();
        pool = pool(300, Duration.ofHours(1));
        PooledLeaf old = newLeaf(Optional.empty());
        PooledLeaf recent = newLeaf(Optional.empty());
        PooledLeaf busy = newLeaf(Optional.empty());
        recent.rest();
        old.rest();
        assertTrue(claim(recent));
        recent.rest();

        newLeaf(Optional.empty());

        assertFalse(old.alive());
        assertTrue(recent.alive());
        assertTrue(busy.alive());
        assertFalse(claim(old));
        assertTrue(events.contains("EVICTED " + old.id()), events.toString());
        assertTrue(mechanism.mostBytes() <= 300 * MB);
    }

    @Test
    void aZygoteInUseByAForkIsNotEvicted() throws Exception {
        pool.close();
        pool = pool(200, Duration.ofHours(1));
        Zygote zygote = own().createZygote(Optional.empty(), zygote());
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            Object gate = new Object();
            boolean[] open = {false};
            mechanism.beforeLeaf = spec -> {
                synchronized (gate) {
                    while (!open[0]) {
                        gate.wait();
                    }
                }
            };
            Future<?> forking = threads.submit(() -> newLeaf(Optional.of(zygote)));
            Eventually.holds("the fork is under way", () -> reserved() == 142 * MB);
            Future<?> other = threads.submit(() -> pool.run(job(90)));
            assertThrows(ExecutionException.class, () -> other.get(30, TimeUnit.SECONDS));
            assertTrue(zygote.alive());
            synchronized (gate) {
                open[0] = true;
                gate.notifyAll();
            }
            forking.get(30, TimeUnit.SECONDS);
            pool.run(job(90));
            assertFalse(zygote.alive(), "now it was idle");
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aFrozenLeafGivesBackWhatItDoesNotUseAndTakesItAgain() throws Exception {
        pool.close();
        pool = pool(300, Duration.ofMillis(1));
        PooledLeaf leaf = newLeaf(Optional.empty());
        FakeLeaf inner = mechanism.leaves.getLast();
        leaf.rest();
        Eventually.holds("it is frozen", () -> inner.frozen && reserved() == 12 * MB);
        assertEquals(12 * MB, mechanism.limitOf(inner));

        assertTrue(claim(leaf));

        assertFalse(inner.frozen);
        assertEquals(100 * MB, reserved());
        assertEquals(100 * MB, mechanism.limitOf(inner));
        assertTrue(events.containsAll(List.of("FROZEN " + leaf.id(), "THAWED " + leaf.id())), events.toString());
    }

    @Test
    void aLeafThatFindsNoMemoryToWakeUpStaysIdle() throws Exception {
        pool.close();
        pool = pool(200, Duration.ofMillis(1));
        PooledLeaf leaf = newLeaf(Optional.empty());
        FakeLeaf inner = mechanism.leaves.getLast();
        leaf.rest();
        Eventually.holds("it is frozen", () -> reserved() == 12 * MB);
        PooledLeaf busy = newLeaf(Optional.empty());
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            CountDownLatch end = new CountDownLatch(1);
            mechanism.jobProgram = job -> {
                end.await();
                return new JobResult(0, "");
            };
            Future<?> running = threads.submit(() -> pool.run(job(80)));
            Eventually.holds("the job runs", () -> reserved() == 192 * MB);

            assertThrows(SandboxException.NoCapacity.class, () -> claim(leaf));
            assertTrue(inner.frozen);
            assertEquals(192 * MB, reserved());

            end.countDown();
            running.get(30, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
        assertTrue(claim(leaf));
        assertEquals(200 * MB, reserved());
        assertTrue(busy.alive());
    }

    @Test
    void aLeafInUseIsNotFrozen() throws Exception {
        pool.close();
        pool = pool(300, Duration.ofMillis(1));
        PooledLeaf busy = newLeaf(Optional.empty());
        PooledLeaf idle = newLeaf(Optional.empty());
        busy.rest();
        assertTrue(claim(busy));
        idle.rest();
        Eventually.holds("the idle one is frozen", () -> mechanism.leaves.getLast().frozen);

        assertFalse(mechanism.leaves.get(mechanism.leaves.size() - 2).frozen);
    }

    @Test
    void anIdleLeafThatDiesIsForgottenAndOneInUseIsLeftToItsUser() throws Exception {
        PooledLeaf idle = newLeaf(Optional.empty());
        PooledLeaf busy = newLeaf(Optional.empty());
        idle.rest();
        for (FakeLeaf leaf : mechanism.leaves) {
            leaf.die();
            pool.onDied(new SandboxEvent(Kind.DIED, leaf));
        }
        Eventually.holds("the idle one is gone", () -> reserved() == 100 * MB);

        busy.destroy();
        assertFalse(claim(idle));
        assertEquals(0, reserved());
    }

    @Test
    void aLeafThatDiedUnnoticedIsNotGivenOut() throws Exception {
        PooledLeaf leaf = newLeaf(Optional.empty());
        leaf.rest();
        mechanism.leaves.getFirst().die();

        assertFalse(claim(leaf));
        assertEquals(0, reserved());
    }

    @Test
    void aLeafIsAHitOnlyIfItsZygoteWasThereBefore() throws Exception {
        Zygote before = own().createZygote(Optional.empty(), zygote());
        long asked = System.nanoTime();
        Zygote during = own().createZygote(Optional.empty(), zygote());

        assertEquals(PooledLeaf.Birth.HIT, newLeaf(Optional.of(before)).birth(asked));
        assertEquals(PooledLeaf.Birth.COLD, newLeaf(Optional.of(during)).birth(asked));
        assertEquals(PooledLeaf.Birth.COLD, newLeaf(Optional.empty()).birth(asked));
    }

    @Test
    void underAnyLoadAndWithAnyFailureThePoolIsNeverExceededAndNothingIsLost() throws Exception {
        pool.close();
        pool = pool(600, Duration.ofMillis(1));
        Random faults = new Random(7);
        mechanism.beforeLeaf = spec -> fail(faults);
        mechanism.beforeZygote = spec -> fail(faults);
        mechanism.jobProgram = job -> {
            fail(faults);
            return new JobResult(0, "");
        };
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int seed = 0; seed < 8; seed++) {
                Random random = new Random(seed);
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 60; i++) {
                        useSomething(random);
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get(50, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertTrue(mechanism.mostBytes() <= 600 * MB, mechanism.mostBytes() / MB + " MiB at the most");
        assertEquals(0, pool.waiting());
    }

    private static void fail(Random faults) throws SandboxException {
        int kind;
        synchronized (faults) {
            kind = faults.nextInt(10);
        }
        switch (kind) {
            case 0 -> throw new SandboxException("no fork");
            case 1 -> throw new SandboxException.ZygoteGone("gone");
            case 2 -> throw new IllegalStateException("a fault");
            default -> Thread.onSpinWait();
        }
    }

    private void useSomething(Random random) throws Exception {
        PendingRequest request = request(5, FakeIdleLeaves.NONE);
        try {
            Zygote zygote = of(request).createZygote(Optional.empty(), zygote());
            PooledLeaf leaf = (PooledLeaf) of(request).createLeaf(Optional.of(zygote), leaf());
            leaf.rest();
            if (random.nextBoolean() && leaf.hold() && leaf.claim(request)) {
                if (random.nextBoolean()) {
                    leaf.destroy();
                } else {
                    leaf.rest();
                }
            }
            if (random.nextInt(4) == 0) {
                zygote.destroy();
            }
            pool.run(job(1 + random.nextInt(300)));
        } catch (SandboxException | IllegalStateException e) {
            // what fails must give back what it took; the end of the test counts
            assertFalse(e.getMessage().isEmpty());
        }
    }
}
