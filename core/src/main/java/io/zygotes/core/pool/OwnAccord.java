package io.zygotes.core.pool;

import java.time.Duration;

/** Nobody's request: a job, or what an import cache makes of its own accord. It waits with the pool's own patience. */
final class OwnAccord extends Claimant {

    private final Duration patience;
    private final boolean onlyFree;

    OwnAccord(Duration patience) {
        this(patience, false);
    }

    private OwnAccord(Duration patience, boolean onlyFree) {
        this.patience = patience;
        this.onlyFree = onlyFree;
    }

    /** The same, for what would be good to have: of free memory or not at all. */
    OwnAccord onlyOfFree() {
        return new OwnAccord(patience, true);
    }

    @Override
    boolean takesOnlyFree() {
        return onlyFree;
    }

    @Override
    boolean inBackground() {
        return true;
    }

    @Override
    long deadlineNanos() {
        return System.nanoTime() + patience.toNanos();
    }
}
