package io.zygotes.sandbox.sock.identity;

import java.util.BitSet;

/** Ids for sandboxes that are not forked from a zygote: one each. Safe for use by many threads. */
public final class FreshIds {

    private final BitSet used;
    private final int count;
    private int last;

    /** Those of the first piece of {@link IdBlock#ofWorker}. */
    public static FreshIds ofWorker() {
        return new FreshIds(HostIds.OF_A_WORKER / IdBlock.ZYGOTES_WITHOUT_PARENT);
    }

    /** @param count how many there are; 0 is the warden's own and not given out */
    FreshIds(int count) {
        this.count = count;
        used = new BitSet(count);
        used.set(0);
    }

    /**
     * An id that has not been used for as long as possible.
     *
     * @throws IllegalStateException if all are in use
     */
    public synchronized int take() {
        int id = used.nextClearBit(last + 1);
        if (id >= count) {
            id = used.nextClearBit(1);
        }
        if (id >= count) {
            throw new IllegalStateException("all " + count + " ids for fresh sandboxes are in use");
        }
        used.set(id);
        last = id;
        return id;
    }

    /** An id is not in use any more. */
    public synchronized void giveBack(int id) {
        used.clear(id);
    }
}
