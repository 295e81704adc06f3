package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

    /** What it takes to evict somebody: whoever does not wait for memory gets it in that time. */
    private static final long AT_ONCE_NANOS = Duration.ofMillis(100).toNanos();

    private final long startedNanos = System.nanoTime();
    private final long patienceNanos;
    private final LeafSpec spec;
    private final boolean takesOthers;
    private final IdleLeaves leaves;

    // The rest is guarded by this object's monitor.

    /** How many threads wait for memory on its behalf: an import cache may make several zygotes at once. */
    private int waiting;
    /** How many of its threads wait for any memory, that of a leaf that wakes up included. */
    private int clockedIn;
    /** Since when at least one of them does. */
    private long clockedInNanos;
    /** How long at least one of them did before. */
    private long waitedNanos;
    /** Ends of the wants for the zygotes that were made for it. */
    private final List<Runnable> kept = new ArrayList<>();

    private PooledLeaf leaf;
    private boolean wasSentBack;
    /** It was sent back and has not looked yet. */
    private boolean sentBack;
    /** A thread looks. */
    private boolean looking;

    private boolean ended;

    private volatile boolean atOnce;
    private volatile boolean hasMemory;

    /**
     * A request that begins now.
     *
     * @param patience how long it may wait for memory; installing, importing and forking do not count
     * @param spec the leaf that it asks for
     * @param takesOthers whether its leaf may be one that was there before: one at rest, or one that was forked ahead
     * @param leaves where it finds one at rest
     */
    public PendingRequest(Duration patience, LeafSpec spec, boolean takesOthers, IdleLeaves leaves) {
        this.patienceNanos = patience.toNanos();
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

    /** From now on it waits for no memory: it gets what is free, or is held by idle ones, or none. */
    public void onlyAtOnce() {
        atOnce = true;
    }

    /** Whether it waits for no memory. */
    public boolean isOnlyAtOnce() {
        return atOnce;
    }

    /** Whether there was memory for its leaf. */
    public boolean hasMemory() {
        return hasMemory;
    }

    @Override
    void gotMemory() {
        hasMemory = true;
    }

    /** Until when it may wait if it goes on waiting, or begins now, on the clock of {@link System#nanoTime}. */
    @Override
    public synchronized long deadlineNanos() {
        long from = clockedIn > 0 ? clockedInNanos : System.nanoTime();
        long patience = atOnce ? Math.min(AT_ONCE_NANOS, patienceNanos) : patienceNanos;
        return from + Math.max(patience - waitedNanos, 0);
    }

    /** A thread of its begins to wait for memory; {@link #clockOut} must follow. */
    synchronized void clockIn() {
        if (clockedIn++ == 0) {
            clockedInNanos = System.nanoTime();
        }
    }

    synchronized void clockOut() {
        if (--clockedIn == 0) {
            waitedNanos += System.nanoTime() - clockedInNanos;
        }
    }

    @Override
    synchronized boolean keeps(Runnable unwant) {
        if (!ended) {
            kept.add(unwant);
        }
        return !ended;
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
    public PooledLeaf end() {
        PooledLeaf last;
        List<Runnable> wants;
        synchronized (this) {
            last = ended ? null : leaf;
            ended = true;
            wants = List.copyOf(kept);
            kept.clear();
        }
        // Without the monitor, which comes after the lock of the reservations.
        wants.forEach(Runnable::run);
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
        clockIn();
    }

    @Override
    synchronized boolean stopWaiting() {
        waiting--;
        clockOut();
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
