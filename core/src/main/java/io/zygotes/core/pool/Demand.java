package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Sandbox;
import java.util.Objects;

/**
 * A request for a leaf that is under way, bound to the thread that makes it. While it waits for memory, a leaf of the
 * same lambda that becomes free can be offered to it instead; and if a leaf that it could use is what would be evicted
 * for it, it is sent back once to take that. Safe for use by many threads.
 */
public final class Demand {

    /** A thread-local and not a scoped value, which cannot pass on several kinds of checked exceptions. */
    private static final ThreadLocal<Demand> CURRENT = new ThreadLocal<>();

    private enum State {
        WORKING,
        WAITING,
        SERVED,
        SENT_BACK
    }

    private final long startedNanos = System.nanoTime();
    private final long deadlineNanos;
    private final LeafSpec spec;
    private final boolean takesOthers;
    private boolean wasSentBack;
    private State state = State.WORKING;
    private PooledLeaf offered;

    /**
     * A demand that begins now.
     *
     * @param deadlineNanos until when it may wait for memory, on the clock of {@link System#nanoTime}
     * @param spec the leaf that it asks for
     * @param takesOthers whether its leaf may be one that was there before: one at rest, or one that was forked ahead
     */
    public Demand(long deadlineNanos, LeafSpec spec, boolean takesOthers) {
        this.deadlineNanos = deadlineNanos;
        this.spec = Objects.requireNonNull(spec);
        this.takesOthers = takesOthers;
    }

    /** The demand that the calling thread works for; null if it works for nobody in particular. */
    static Demand current() {
        return CURRENT.get();
    }

    /** Binds it to the calling thread; {@link #unbind} must follow. */
    public void bind() {
        CURRENT.set(this);
    }

    /** Ends {@link #bind}. */
    public void unbind() {
        CURRENT.remove();
    }

    long startedNanos() {
        return startedNanos;
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    boolean takesOthers() {
        return takesOthers;
    }

    /**
     * Offers a leaf in use, which becomes the demand's if it is waiting for memory right now.
     *
     * @return whether it took it; if so, call {@link SandboxPool#wake}
     */
    public synchronized boolean offer(PooledLeaf leaf) {
        if (state != State.WAITING) {
            return false;
        }
        offered = Objects.requireNonNull(leaf);
        state = State.SERVED;
        return true;
    }

    /** The leaf that was offered and taken; null if none was. */
    public synchronized PooledLeaf offered() {
        return offered;
    }

    /**
     * Whether it was sent back for a leaf at rest; if so, it works again from now on, and may ask for memory once more
     * if another demand got that leaf.
     */
    public synchronized boolean goesBack() {
        boolean back = state == State.SENT_BACK;
        if (back) {
            state = State.WORKING;
        }
        return back;
    }

    /**
     * Sends it back for an idle sandbox that it could use, instead of evicting that. Once only: it need not find it.
     *
     * @return whether it goes
     */
    synchronized boolean sendBackFor(Sandbox idle) {
        if (wasSentBack
                || state != State.WAITING
                || !takesOthers
                || !(idle instanceof PooledLeaf leaf)
                || !leaf.spec().equals(spec)) {
            return false;
        }
        wasSentBack = true;
        state = State.SENT_BACK;
        return true;
    }

    /** Whether it needs no memory any longer. */
    synchronized boolean settled() {
        return state == State.SERVED || state == State.SENT_BACK;
    }

    synchronized void startWaiting() {
        if (state == State.WORKING) {
            state = State.WAITING;
        }
    }

    /** Returns false if it needs no memory any longer. */
    synchronized boolean stopWaiting() {
        if (state == State.WAITING) {
            state = State.WORKING;
        }
        return !settled();
    }
}
