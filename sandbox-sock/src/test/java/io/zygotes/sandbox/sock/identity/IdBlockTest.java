package io.zygotes.sandbox.sock.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdBlockTest {

    private static boolean overlap(IdBlock a, IdBlock b) {
        return a.start() < b.start() + b.count() && b.start() < a.start() + a.count();
    }

    private static boolean inside(IdBlock inner, IdBlock outer) {
        return inner.start() >= outer.start() && inner.start() + inner.count() <= outer.start() + outer.count();
    }

    @Test
    void childrenLieInTheirParentApartFromEachOtherAndFromTheParentsOwnId() {
        IdBlock worker = IdBlock.ofWorker();
        List<IdBlock> children = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            children.add(worker.child());
        }
        Set<Integer> starts = new HashSet<>();
        for (IdBlock child : children) {
            assertTrue(inside(child, worker));
            assertTrue(child.start() >= HostIds.OF_A_WORKER / 1024, "it has ids of the warden or of fresh sandboxes");
            assertEquals(children.getFirst().count(), child.count());
            assertEquals(0, (child.start() - worker.start()) % child.count());
            assertTrue(starts.add(child.start()));
        }
    }

    @Test
    void moreZygotesWithoutParentThanBlocksAreRefused() {
        IdBlock worker = IdBlock.ofWorker();
        List<IdBlock> all = new ArrayList<>();
        for (int i = 0; i < 1023; i++) {
            all.add(worker.child());
        }
        assertThrows(IllegalStateException.class, worker::child);
        all.get(500).release();
        assertEquals(all.get(500).start(), worker.child().start());
        assertThrows(IllegalStateException.class, worker::child);
    }

    @Test
    void aZygoteWhoseParentHasNoBlockLeftSharesTheParentsId() {
        IdBlock parent = IdBlock.ofWorker().child();
        while (true) {
            IdBlock child = parent.child();
            if (child.start() == parent.start()) {
                assertEquals(1, child.count());
                assertEquals(parent.start(), child.child().start());
                return;
            }
            assertTrue(inside(child, parent));
        }
    }

    @Test
    void aChainHasIdsOfItsOwnDownToFiveLevelsAndThenShares() {
        IdBlock above = IdBlock.ofWorker();
        for (int depth = 1; depth <= 5; depth++) {
            IdBlock child = above.child();
            assertTrue(inside(child, above) && child.start() != above.start(), "depth " + depth);
            above = child;
        }
        assertEquals(1, above.count());
        for (int depth = 6; depth < 30; depth++) {
            IdBlock child = above.child();
            assertEquals(above.start(), child.start());
            above = child;
        }
    }

    @Test
    void idsAreGivenToOthersOnlyAfterTheLastUse() {
        IdBlock worker = IdBlock.ofWorker();
        IdBlock zygote = worker.child();
        zygote.use(); // a leaf
        zygote.release(); // the zygote ends before its leaf
        assertNotEquals(zygote.start(), worker.child().start());
        zygote.release();
        assertEquals(zygote.start(), worker.child().start());
    }

    @Test
    void aChildKeepsItsParentsIdsInUse() {
        IdBlock worker = IdBlock.ofWorker();
        IdBlock parent = worker.child();
        IdBlock child = parent.child();
        parent.release();
        assertNotEquals(parent.start(), worker.child().start());
        child.release();
        assertEquals(parent.start(), worker.child().start());
    }

    private record Live(IdBlock block, Live parent) {
        boolean isBelow(Live other) {
            return parent != null && (parent == other || parent.isBelow(other));
        }
    }

    @Test
    void whateverComesAndGoesTwoThatAreNotOfOneLineNeverHaveAnIdInCommon() {
        Random random = new Random(7);
        Live worker = new Live(IdBlock.ofWorker(), null);
        List<Live> live = new ArrayList<>();
        for (int step = 0; step < 3000; step++) {
            if (live.size() < 40 && random.nextInt(5) < 3) {
                Live parent = live.isEmpty() || random.nextInt(3) == 0 ? worker : live.get(random.nextInt(live.size()));
                Live child = new Live(parent.block().child(), parent);
                assertTrue(inside(child.block(), parent.block()));
                for (Live other : live) {
                    boolean related = child.isBelow(other) || owner(child) == owner(other);
                    assertTrue(related || !overlap(child.block(), other.block()), "at step " + step);
                }
                live.add(child);
            } else if (!live.isEmpty()) {
                live.remove(random.nextInt(live.size())).block().release();
            }
        }
    }

    /** The zygote whose ids this one uses: itself, or one above it that had no block left. */
    private static Live owner(Live one) {
        Live owner = one;
        while (owner.parent() != null
                && owner.block().start() == owner.parent().block().start()) {
            owner = owner.parent();
        }
        return owner;
    }

    @Test
    void freshSandboxesGetIdsOfTheirOwnUsedAgainAsLateAsPossibleAndNeverTheWardens() {
        FreshIds ids = new FreshIds(4);
        assertEquals(List.of(1, 2, 3), List.of(ids.take(), ids.take(), ids.take()));
        assertThrows(IllegalStateException.class, ids::take);
        ids.giveBack(2);
        assertEquals(2, ids.take());
        ids.giveBack(1);
        ids.giveBack(3);
        assertEquals(3, ids.take());
        ids.giveBack(3);
        assertEquals(1, ids.take());
    }
}
