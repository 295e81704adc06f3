package io.zygotes.core.pool;

import java.time.Duration;

/** Nobody's request: a job, or what an import cache makes of its own accord. It waits with the pool's own patience. */
final class OwnAccord extends Claimant {

    private final Duration patience;

    OwnAccord(Duration patience) {
        this.patience = patience;
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
