package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.List;
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
        /** Forked from the zygote of its function. */
        FUNCTION,
        /** A fresh process, or forked from a zygote that had to be made first. */
        COLD
    }

    private final Leaf inner;
    /** Whether it has no zygote. */
    private final boolean fresh;
    /** When its zygote was made. */
    private final long zygoteNanos;
    /** Whether its zygote is its function's own. */
    private final boolean ofFunction;

    private final long fullBytes;
    /** Serialises freezing and thawing. */
    private final ReentrantLock transition = new ReentrantLock();

    private boolean frozen;
    private volatile long restedNanos;
    private final AtomicBoolean queuedForFreeze = new AtomicBoolean();
    private final AtomicBoolean adopted = new AtomicBoolean();

    /**
     * @param parent the zygote that it was forked from; null for none
     * @param fullBytes what it may use when it is in use
     */
    PooledLeaf(
            PoolServices services,
            SandboxOwner owner,
            Leaf inner,
            Account account,
            PooledZygote parent,
            long fullBytes) {
        super(services, owner, inner, account);
        this.inner = inner;
        this.fresh = parent == null;
        this.zygoteNanos = fresh ? 0 : parent.madeNanos();
        this.ofFunction = !fresh && parent.function().isPresent();
        this.fullBytes = fullBytes;
    }

    /**
     * Takes it over from whoever made it, once: from then on it is the caller's to destroy.
     *
     * @return false if somebody else did before
     */
    public boolean adopt() {
        return adopted.compareAndSet(false, true);
    }

    /** Whether somebody took it over. */
    boolean isAdopted() {
        return adopted.get();
    }

    /** Whether it was let rest before, and may be gone since: {@link #hold} and {@link #claim} take it into use. */
    public boolean hasRested() {
        return restedNanos != 0;
    }

    /** How it came to be, for a request that began at that time of {@link System#nanoTime}. */
    public Birth birth(long askedNanos) {
        if (ofFunction) {
            return Birth.FUNCTION;
        }
        boolean madeForIt = fresh || zygoteNanos - askedNanos > 0;
        return madeForIt ? Birth.COLD : Birth.HIT;
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
    public Reply call(Invocation invocation, Duration timeout, ReplyStream stream)
            throws SandboxException, InterruptedException {
        return inner.call(invocation, timeout, stream);
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
    public CreationSteps creation() {
        return inner.creation();
    }

    @Override
    public List<String> loadedModules() {
        return inner.loadedModules();
    }

    @Override
    boolean serves(LeafSpec wanted) {
        return spec().equals(wanted);
    }

    /** Ends its use. It may be evicted from now on, and is frozen if nobody claims it soon. */
    public void rest() {
        if (!inner.alive()) {
            end(SandboxEvent.Kind.DIED);
        }
        if (restedNanos == 0) {
            // Not before its first call is over: the steps are measured until then.
            services().memory().costs(account(), inner.creation().totalNanos());
            tellLoaded();
        }
        restedNanos = System.nanoTime();
        services().memory().release(account());
        if (queuedForFreeze.compareAndSet(false, true)) {
            services().freezer().add(this);
        }
    }

    private void tellLoaded() {
        List<String> modules = inner.loadedModules();
        if (!modules.isEmpty()) {
            services().living().modules().loaded(spec(), modules);
        }
    }

    /**
     * Keeps it from being evicted, so that the caller can {@link #claim} it, which must follow.
     *
     * @return false if it was evicted or died; ask for another one then
     */
    public boolean hold() {
        return services().memory().hold(account());
    }

    /**
     * Takes it into use again after {@link #hold}: reserves the memory that it gave back, and thaws it.
     *
     * @param request the request that it is for; it is not offered another leaf while this one gets its memory
     * @return false if it was evicted or died; ask for another one then
     * @throws SandboxException.NoCapacity if there is no memory until the request's deadline; the leaf stays idle
     * @throws InterruptedException if the calling thread is interrupted while it waits; the leaf stays idle
     */
    public boolean claim(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
        boolean claimed = false;
        transition.lock();
        try {
            if (!inner.alive()) {
                end(SandboxEvent.Kind.DIED);
                return false;
            }
            claimed = wakeUp(request);
            return claimed;
        } catch (RuntimeException e) {
            broken("thaw", e);
            end(SandboxEvent.Kind.DESTROYED);
            return false;
        } finally {
            transition.unlock();
            if (!claimed) {
                services().memory().release(account());
            }
        }
    }

    private boolean wakeUp(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
        if (services().memory().bytes(account()) < fullBytes) {
            if (!grow(request)) {
                return false;
            }
            services().mechanism().limitMemory(inner, fullBytes);
        }
        if (frozen) {
            inner.thaw();
            frozen = false;
            services().living().tell(SandboxEvent.Kind.THAWED, this);
        }
        return true;
    }

    private boolean grow(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
        request.clockIn();
        try {
            return services().memory().grow(account(), fullBytes, request.deadlineNanos());
        } finally {
            request.clockOut();
        }
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
            if (frozen || !services().memory().isIdle(account())) {
                return;
            }
            // Whoever claims it from here on waits for the lock.
            inner.freeze();
            frozen = true;
            if (downsize) {
                long wanted = inner.memoryBytes() + slack;
                if (wanted < fullBytes) {
                    long limit = services().mechanism().limitMemory(inner, wanted);
                    services().memory().shrink(account(), Math.min(limit, fullBytes));
                }
            }
            services().living().tell(SandboxEvent.Kind.FROZEN, this);
        } catch (RuntimeException e) {
            broken("freeze", e);
            end(SandboxEvent.Kind.DESTROYED);
        } finally {
            transition.unlock();
        }
    }
}
