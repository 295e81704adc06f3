package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.Eventually;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanism.FakeLeaf;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
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
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SparesTest {

    private static final long MB = 1 << 20;
    private static final int KEPT = 3;

    private final FakeMechanism mechanism = new FakeMechanism();
    private final List<Leaf> made = new ArrayList<>();
    private SandboxPool pool;
    private Sandboxes sandboxes;
    private Zygote zygote;

    @BeforeEach
    void start() throws Exception {
        pool = new SandboxPool(600 * MB, true, Duration.ofHours(1), Duration.ofMillis(100), KEPT);
        pool.start(mechanism, new PoolListener() {
            @Override
            public void onEvent(SandboxEvent event) {}

            @Override
            public void onImportCosts(Map<PackageId, ImportCost> measured) {}
        });
        sandboxes = pool.sandboxes(event -> {});
        zygote = sandboxes.createZygote(Optional.empty(), new ZygoteSpec(List.of(), limits(100, 8)));
    }

    @AfterEach
    void close() {
        pool.close();
        assertEquals(0, pool.memory().reservedBytes(), "everything is given back");
        assertEquals(0, mechanism.living());
    }

    private static Limits limits(int memMb, int tmpMb) {
        return new Limits(memMb, 10, 100, 0, 30, 64, tmpMb);
    }

    private FakeLeaf leaf(int memMb, int tmpMb, Network network) throws Exception {
        made.add(sandboxes.createLeaf(Optional.of(zygote), spec(memMb, tmpMb, network)));
        return mechanism.leaves.getLast();
    }

    private static LeafSpec spec(int memMb, int tmpMb, Network network) {
        return new LeafSpec("hello", Path.of("/code"), Set.of(), limits(memMb, tmpMb), network, Map.of());
    }

    private long livingSpares() {
        return mechanism.spares.stream()
                .filter(spare -> spare.alive() && spare.spec() == null)
                .count();
    }

    /** Two leaves make the zygote busy. */
    private void makeBusy() throws Exception {
        leaf(50, 8, Network.HOST);
        leaf(50, 8, Network.HOST);
        Eventually.holds("spares are made", () -> livingSpares() == KEPT);
    }

    @Test
    void aZygoteThatIsUsedOnceGetsNoSpares() throws Exception {
        leaf(50, 8, Network.HOST);
        Thread.sleep(50);
        assertEquals(0, mechanism.spares.size());
    }

    @Test
    void theNextLeafOfABusyZygoteIsASpareAndAnotherOneIsMade() throws Exception {
        makeBusy();
        FakeLeaf next = leaf(60, 8, Network.HOST);
        assertSame(mechanism.spares.getFirst(), next);
        assertEquals(60 * MB, mechanism.limitOf(next));
        Eventually.holds("the spare is replaced", () -> livingSpares() == KEPT);
    }

    @Test
    void sparesCountAgainstMemory() throws Exception {
        makeBusy();
        long zygoteBytes = pool.memory().reservedBytes() - 2 * 50 * MB - KEPT * Spares.BYTES;
        assertTrue(zygoteBytes > 0 && zygoteBytes <= 100 * MB, () -> "the zygote would hold " + zygoteBytes);
    }

    @Test
    void aSpareWithAnotherNetworkOrAnotherScratchSizeIsNotUsed() throws Exception {
        makeBusy();
        FakeLeaf apart = leaf(50, 8, Network.NONE);
        assertFalse(mechanism.spares.contains(apart));
        assertFalse(mechanism.spares.contains(leaf(50, 9, Network.HOST)));
    }

    @Test
    void aSpareThatDiedIsPassedOver() throws Exception {
        makeBusy();
        mechanism.spares.forEach(FakeLeaf::die);
        assertNotSame(mechanism.spares.getFirst(), leaf(50, 8, Network.HOST));
        assertTrue(made.getLast().alive());
    }

    @Test
    void aRequestThatWantsALeafMadeForItGetsNoSpare() throws Exception {
        makeBusy();
        PendingRequest request =
                new PendingRequest(Duration.ofSeconds(10), spec(50, 8, Network.HOST), false, FakeIdleLeaves.NONE);
        made.add(pool.request(request, event -> {}).sandboxes().createLeaf(Optional.of(zygote), request.spec()));
        assertFalse(mechanism.spares.contains(mechanism.leaves.getLast()));
        assertEquals(KEPT, livingSpares());
    }

    @Test
    void sparesAreEvictedBeforeAnythingElse() throws Exception {
        makeBusy();
        ((PooledLeaf) made.getFirst()).rest();
        long free = pool.memory().freeBytes() / MB;
        leaf((int) free + 10, 9, Network.HOST);
        assertTrue(made.getFirst().alive(), "the idle leaf is still there");
        assertTrue(zygote.alive(), "and so is the zygote");
        assertTrue(livingSpares() < KEPT, "a spare had to go");
    }

    @Test
    void theEndWaitsForASpareThatIsBeingMadeAndDestroysIt() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        mechanism.beforeSpare = parent -> {
            inside.countDown();
            goOn.await();
        };
        leaf(50, 8, Network.HOST);
        leaf(50, 8, Network.HOST);
        inside.await();
        Thread closing = Thread.ofPlatform().start(pool::close);
        Eventually.holds(
                "it waits, or has ended",
                () -> !zygote.alive() && closing.getState().compareTo(Thread.State.BLOCKED) > 0);

        assertTrue(closing.isAlive(), "it waits");
        goOn.countDown();
        closing.join();

        assertEquals(1, mechanism.spares.size());
        assertEquals(0, mechanism.living());
    }

    @Test
    void sparesGoWithTheirZygote() throws Exception {
        makeBusy();
        zygote.destroy();
        Eventually.holds("no spare outlives its zygote", () -> livingSpares() == 0);
    }
}
