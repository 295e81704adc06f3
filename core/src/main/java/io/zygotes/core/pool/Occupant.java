package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;

/** What uses the memory of an account, as far as those who wait for that memory are concerned. */
abstract class Occupant {

    /**
     * Destroys it and closes its account, which is retiring already. Called at most once, by the thread that waits for
     * the memory, without the lock of the reservations.
     */
    abstract void evict();

    /** Whether it is a leaf that could serve a request for this one. */
    boolean serves(LeafSpec spec) {
        return false;
    }
}
