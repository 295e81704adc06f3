package io.zygotes.core.pool;

import io.zygotes.spi.SandboxException;

/**
 * Whom a sandbox is made for, as far as its memory is concerned: how long to wait for it, and what ends the waiting
 * sooner. Methods are called with the lock of the reservations held unless they say otherwise, so they must not block.
 */
abstract class Claimant {

    /** Until when it may wait from now on, on the clock of {@link System#nanoTime}. Called without the lock. */
    abstract long deadlineNanos();

    /** Whether it waits behind the requests: nobody's call waits for it, or one that waits for more than memory. */
    boolean inBackground() {
        return false;
    }

    /**
     * Whether it takes free memory only: nothing is evicted for it, and it waits for nothing. Called without the lock.
     */
    boolean takesOnlyFree() {
        return false;
    }

    /**
     * It had a zygote made, which is wanted until the claimant needs it no longer. Called without the lock.
     *
     * @param unwant ends that; called once, without the lock
     * @return false if the claimant needs it no longer already; {@code unwant} is not called then
     */
    boolean keeps(Runnable unwant) {
        return false;
    }

    /** Whether it may get a leaf that was there before, such as a spare. Called without the lock. */
    boolean takesOthers() {
        return true;
    }

    /** There is memory for its leaf. Called without the lock. */
    void gotMemory() {}

    /** Whether it needs no memory at the moment, because there is a leaf that it can have. */
    boolean settled() {
        return false;
    }

    /**
     * Sends it to take what rests, instead of evicting that for it.
     *
     * @return whether it goes; it is settled then
     */
    boolean sendBackFor(Occupant idle) {
        return false;
    }

    /** One of its threads is in the line now. */
    void startWaiting() {}

    /**
     * Ends {@link #startWaiting}; called once for each.
     *
     * @return false if it is settled
     */
    boolean stopWaiting() {
        return true;
    }

    /**
     * Gets the leaf for which it was settled. Called without the lock; may block until {@link #deadlineNanos}.
     *
     * @return the leaf, in use; null if it is not settled, or if the leaf that it was sent back for is gone
     * @throws SandboxException.NoCapacity if that leaf finds no memory to be used again
     * @throws InterruptedException if the calling thread is interrupted
     */
    PooledLeaf settle() throws SandboxException.NoCapacity, InterruptedException {
        return null;
    }
}
