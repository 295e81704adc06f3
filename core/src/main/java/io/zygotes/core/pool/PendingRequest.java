package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import java.util.Objects;

/**
 * A request that needs a leaf, from when its function has none at rest until it has one. It goes from the function
 * through the import cache to the pool, and all that is done on its behalf is done with it, by whichever threads.
 *
 * <p>While a thread waits for memory on its behalf, a leaf of the same lambda that becomes free can be offered to it
 * instead. If a leaf that it could use is what would be evicted for it, it is sent back, once, to take that. Either way
 * it is settled then: the waiting ends, and {@link #settle} gives the leaf. Safe for use by many threads.
 */
public final class PendingRequest extends Claimant {

    private final long startedNanos = System.nanoTime();
    private final long deadlineNanos;
    private final LeafSpec spec;
    private final boolean takesOthers;
    private final IdleLeaves leaves;

    // The rest is guarded by this object's monitor.

    /** How many threads wait for memory on its behalf: an import cache may make several zygotes at once. */
    private int waiting;

    private PooledLeaf leaf;
    private boolean wasSentBack;
    /** It was sent back and has not looked yet. */
    private boolean sentBack;
    /** A thread looks. */
    private boolean looking;

    private boolean ended;

    /**
     * A request that begins now.
     *
     * @param deadlineNanos until when it may wait for memory, on the clock of {@link System#nanoTime}
     * @param spec the leaf that it asks for
     * @param takesOthers whether its leaf may be one that was there before: one at rest, or one that was forked ahead
     * @param leaves where it finds one at rest
     */
    public PendingRequest(long deadlineNanos, LeafSpec spec, boolean takesOthers, IdleLeaves leaves) {
        this.deadlineNanos = deadlineNanos;
        this.spec = Objects.requireNonNull(spec);
        this.takesOthers = takesOthers;
        this.leaves = Objects.requireNonNull(leaves);
    }

    /** The leaf that it asks for. */
    public LeafSpec spec() {
        return spec;
    }

    /** When it began, on the clock of {@link System#nanoTime}. */
    public long startedNanos() {
        return startedNanos;
    }

    /** Until when it may wait for memory, on the clock of {@link System#nanoTime}. */
    @Override
    public long deadlineNanos() {
        return deadlineNanos;
    }

    @Override
    boolean takesOthers() {
        return takesOthers;
    }

    /**
     * Offers a leaf in use, which becomes the request's if it waits for memory right now.
     *
     * @return whether it took it; if so, call {@link SandboxPool#wake}
     */
    public synchronized boolean offer(PooledLeaf offered) {
        if (waiting == 0 || ended || settled()) {
            return false;
        }
        leaf = Objects.requireNonNull(offered);
        return true;
    }

    /** Whether it still needs a leaf: none became free for it, and it has not ended. */
    synchronized boolean needsLeaf() {
        return leaf == null && !ended;
    }

    /**
     * Ends it: from now on it gets nothing any more. What still waits for memory on its behalf goes on.
     *
     * @return the leaf that became free for it, in use, which is the caller's; null if none did, or if it had ended
     */
    public synchronized PooledLeaf end() {
        PooledLeaf last = ended ? null : leaf;
        ended = true;
        return last;
    }

    @Override
    synchronized boolean settled() {
        return !ended && (leaf != null || sentBack);
    }

    /** {@inheritDoc} Once only: it need not find it. */
    @Override
    synchronized boolean sendBackFor(Occupant idle) {
        if (wasSentBack || ended || waiting == 0 || settled() || !takesOthers || !idle.serves(spec)) {
            return false;
        }
        wasSentBack = true;
        sentBack = true;
        return true;
    }

    @Override
    synchronized void startWaiting() {
        waiting++;
    }

    @Override
    synchronized boolean stopWaiting() {
        waiting--;
        return !settled();
    }

    @Override
    PooledLeaf settle() throws SandboxException.NoCapacity, InterruptedException {
        synchronized (this) {
            // Another thread that works for the request looks already, and two leaves would be one too many.
            while (looking) {
                wait();
            }
            if (!settled()) {
                return null;
            }
            if (leaf != null) {
                return leaf;
            }
            looking = true;
        }
        PooledLeaf taken = null;
        boolean late = false;
        try {
            taken = leaves.take(this);
        } finally {
            synchronized (this) {
                looking = false;
                sentBack = false;
                late = ended;
                leaf = late ? null : taken;
                notifyAll();
            }
        }
        if (late && taken != null) {
            leaves.release(taken);
            return null;
        }
        return taken;
    }
}
