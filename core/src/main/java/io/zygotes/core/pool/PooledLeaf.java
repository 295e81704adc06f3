package io.zygotes.core.pool;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A leaf in the pool. Made in use; {@link #rest} makes it idle, after which it is soon frozen and may be evicted;
 * {@link #hold} and {@link #claim} take it back into use.
 */
public final class PooledLeaf extends PooledSandbox implements Leaf {

    /** How a leaf came to be. */
    public enum Birth {
        /** Forked from a zygote that was there before it was asked for. */
        HIT,
        /** A fresh process, or forked from a zygote that had to be made first. */
        COLD
    }

    private final Leaf inner;
    private final Birth birth;
    private final long fullBytes;
    /** Serialises freezing and thawing. */
    private final ReentrantLock transition = new ReentrantLock();

    private boolean frozen;
    private volatile long restedNanos;
    private final AtomicBoolean queuedForFreeze = new AtomicBoolean();

    PooledLeaf(SandboxPool pool, Leaf inner, MemoryLedger.Account account, Birth birth, long fullBytes) {
        super(pool, inner, account);
        this.inner = inner;
        this.birth = birth;
        this.fullBytes = fullBytes;
    }

    /** How it came to be. */
    public Birth birth() {
        return birth;
    }

    @Override
    public LeafSpec spec() {
        return inner.spec();
    }

    @Override
    public Reply call(Invocation invocation, Duration timeout) throws SandboxException, InterruptedException {
        return inner.call(invocation, timeout);
    }

    @Override
    public void awaitReady(Duration timeout) throws SandboxException, InterruptedException {
        inner.awaitReady(timeout);
    }

    @Override
    public void freeze() {
        inner.freeze();
    }

    @Override
    public void thaw() {
        inner.thaw();
    }

    @Override
    public long privateBytes() {
        return inner.privateBytes();
    }

    @Override
    public Map<String, Long> creationNanos() {
        return inner.creationNanos();
    }

    /** Ends its use. It may be evicted from now on, and is frozen if nobody claims it soon. */
    public void rest() {
        if (!inner.alive()) {
            end(SandboxEvent.Kind.DIED);
        }
        restedNanos = System.nanoTime();
        pool().ledger().release(account());
        if (queuedForFreeze.compareAndSet(false, true)) {
            pool().freezer().add(this);
        }
    }

    /**
     * Keeps it from being evicted, so that the caller can {@link #claim} it, which must follow.
     *
     * @return false if it was evicted or died; ask for another one then
     */
    public boolean hold() {
        return pool().ledger().hold(account());
    }

    /**
     * Takes it into use again after {@link #hold}: reserves the memory that it gave back, and thaws it.
     *
     * @param demand the demand that it is for
     * @return false if it was evicted or died; ask for another one then
     * @throws SandboxException.NoCapacity if there is no memory until the demand's deadline; the leaf stays idle
     * @throws InterruptedException if the calling thread is interrupted while it waits; the leaf stays idle
     */
    public boolean claim(Demand demand) throws SandboxException.NoCapacity, InterruptedException {
        boolean claimed = false;
        transition.lock();
        try {
            if (!inner.alive()) {
                end(SandboxEvent.Kind.DIED);
                return false;
            }
            claimed = wakeUp(demand);
            return claimed;
        } catch (RuntimeException e) {
            pool().broken(this, "thaw", e);
            end(SandboxEvent.Kind.DESTROYED);
            return false;
        } finally {
            transition.unlock();
            if (!claimed) {
                pool().ledger().release(account());
            }
        }
    }

    private boolean wakeUp(Demand demand) throws SandboxException.NoCapacity, InterruptedException {
        if (pool().ledger().bytes(account()) < fullBytes) {
            // a demand that waits to wake this leaf is not offered another one
            if (!pool().ledger().grow(account(), fullBytes, demand.deadlineNanos())) {
                return false;
            }
            pool().mechanism().limitMemory(inner, fullBytes);
        }
        if (frozen) {
            inner.thaw();
            frozen = false;
            pool().tell(SandboxEvent.Kind.THAWED, this);
        }
        return true;
    }

    long restedNanos() {
        return restedNanos;
    }

    void leftFreezer() {
        queuedForFreeze.set(false);
    }

    /** Asks to be looked at again later; false if it is in the queue already. */
    boolean backToFreezer() {
        return queuedForFreeze.compareAndSet(false, true);
    }

    /**
     * Freezes it if it is idle, and gives back memory that it does not use.
     *
     * @param downsize whether to give back memory
     * @param slack bytes that it keeps beside what it uses
     */
    void freezeIfIdle(boolean downsize, long slack) {
        if (!transition.tryLock()) {
            return;
        }
        try {
            if (frozen || !pool().ledger().isIdle(account())) {
                return;
            }
            // whoever claims it from here on waits for the lock
            inner.freeze();
            frozen = true;
            if (downsize) {
                long wanted = inner.memoryBytes() + slack;
                if (wanted < fullBytes) {
                    long limit = pool().mechanism().limitMemory(inner, wanted);
                    pool().ledger().shrink(account(), Math.min(limit, fullBytes));
                }
            }
            pool().tell(SandboxEvent.Kind.FROZEN, this);
        } catch (RuntimeException e) {
            pool().broken(this, "freeze", e);
            end(SandboxEvent.Kind.DESTROYED);
        } finally {
            transition.unlock();
        }
    }
}
