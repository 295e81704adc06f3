package io.zygotes.core.pool;

import java.util.Objects;

/**
 * A request for a leaf that is under way, bound to the thread that makes it. While it waits for memory, a leaf of the
 * same lambda that becomes free can be offered to it instead. Safe for use by many threads.
 */
public final class Demand {

    /** A thread-local and not a scoped value, which cannot pass on several kinds of checked exceptions. */
    private static final ThreadLocal<Demand> CURRENT = new ThreadLocal<>();

    private enum State {
        WORKING,
        WAITING,
        SERVED
    }

    private final long startedNanos = System.nanoTime();
    private final long deadlineNanos;
    private final boolean takesSpares;
    private State state = State.WORKING;
    private PooledLeaf offered;

    /**
     * A demand that begins now.
     *
     * @param deadlineNanos until when it may wait for memory, on the clock of {@link System#nanoTime}
     * @param takesSpares whether its leaf may be one that was forked ahead
     */
    public Demand(long deadlineNanos, boolean takesSpares) {
        this.deadlineNanos = deadlineNanos;
        this.takesSpares = takesSpares;
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

    boolean takesSpares() {
        return takesSpares;
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

    synchronized boolean served() {
        return state == State.SERVED;
    }

    synchronized void startWaiting() {
        if (state == State.WORKING) {
            state = State.WAITING;
        }
    }

    /** Returns false if a leaf was taken meanwhile. */
    synchronized boolean stopWaiting() {
        if (state == State.WAITING) {
            state = State.WORKING;
        }
        return state != State.SERVED;
    }
}
