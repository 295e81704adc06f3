package io.zygotes.plugin.tree;

import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The tree that leaves come from, and the moves from one tree to the next while leaves are being made. Any thread may
 * {@link #enter}; one thread at a time moves and clears away.
 */
final class TreeMoves {

    private final Slots slots;
    /** Layouts that leaves may still be made from. Used by the thread that moves. */
    private final List<Layout> left = new ArrayList<>();

    private volatile Layout present;

    TreeMoves(Layout first, Slots slots) {
        this.present = first;
        this.slots = slots;
    }

    /** The tree at work now. */
    Layout present() {
        return present;
    }

    /** The tree at work now, whose zygotes are not cleared away until {@link Layout#leave}. */
    Layout enter() {
        while (true) {
            Layout layout = present;
            layout.enter();
            if (layout == present) {
                return layout;
            }
            layout.leave();
        }
    }

    /** As {@link TreeCache#moveTo}. */
    void moveTo(Layout next, Collection<Set<PackageId>> lambdas) throws PackageException, InterruptedException {
        for (Set<PackageId> pins : lambdas) {
            for (Step ranked : next.ranked(pins)) {
                for (Step step = ranked; step != null; step = step.parent()) {
                    Step used = step;
                    slots.get(step).ifPresent(slot -> next.use(used, slot));
                }
            }
        }
        left.add(present);
        present = next;
    }

    /** As {@link TreeCache#clearAwayUnused}. */
    boolean clearAwayUnused() {
        if (left.isEmpty()) {
            return true;
        }
        // A layout that was left is never entered for good again, so its users only grow for a moment.
        if (left.stream().anyMatch(Layout::inUse)) {
            return false;
        }
        boolean all = slots.endUnused(present::uses);
        if (all) {
            left.clear();
        }
        return all;
    }
}
