package io.zygotes.core.pool;

import io.zygotes.spi.mechanism.Rounds;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Freezes leaves that have been idle for a moment. Off the way of a response: a busy leaf is neither frozen nor thawed
 * between two calls, and a leaf that rests costs its caller one queue entry.
 */
final class Freezer implements AutoCloseable {

    /**
     * How often it is looked whether a leaf rests, as long as leaves are used: to wake a thread on a processor that
     * rests takes a response up to 0.1 ms.
     */
    private static final long LOOK_EVERY = Duration.ofMillis(4).toNanos();
    /** How long after the last leaf there are such looks. */
    private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

    private final ConcurrentLinkedQueue<PooledLeaf> rested = new ConcurrentLinkedQueue<>();
    private final long graceNanos;
    private final Consumer<PooledLeaf> freeze;
    private final Thread thread;
    /** When there was a leaf; of the thread alone. */
    private long last = System.nanoTime();

    private volatile boolean sleeping;
    private volatile boolean closed;

    Freezer(long graceNanos, Consumer<PooledLeaf> freeze) {
        this.graceNanos = graceNanos;
        this.freeze = freeze;
        this.thread = Rounds.start("leaf-freezer", "freezing idle leaves", this::round);
    }

    void add(PooledLeaf leaf) {
        rested.add(leaf);
        if (sleeping) {
            LockSupport.unpark(thread);
        }
    }

    private boolean round() {
        if (closed) {
            return false;
        }
        PooledLeaf leaf = rested.peek();
        if (leaf == null) {
            if (System.nanoTime() - last < LOOK_NANOS) {
                LockSupport.parkNanos(this, LOOK_EVERY);
            } else {
                sleepUntilAdded();
            }
            return true;
        }
        last = System.nanoTime();
        long left = leaf.restedNanos() + graceNanos - last;
        if (left > 0) {
            // Not for each of them alone.
            LockSupport.parkNanos(this, Math.max(left, LOOK_EVERY));
            return true;
        }
        rested.remove();
        leaf.leftFreezer();
        if (System.nanoTime() - leaf.restedNanos() >= graceNanos) {
            freeze.accept(leaf);
        } else if (leaf.backToFreezer()) {
            rested.add(leaf);
        }
        return true;
    }

    private void sleepUntilAdded() {
        sleeping = true;
        // The queue is looked at again after the flag is up, because who adds later sees the flag.
        if (rested.isEmpty() && !closed) {
            LockSupport.park(this);
        }
        sleeping = false;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
