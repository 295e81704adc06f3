package io.zygotes.core.function;

import io.zygotes.core.function.Answer.Start;
import io.zygotes.core.pool.IdleLeaves;
import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The leaves of one version of a lambda. A request takes the leaf that rested last, or has one made on its own thread;
 * while it waits for memory, a leaf that becomes free is handed to it. Safe for use by many threads.
 */
final class VersionLeaves implements IdleLeaves {

    /** Leaves of a cache's that were gone, one after the other, for one request. */
    private static final int MOST_TRIES = 3;

    private final LeafSpec spec;
    private final Map<PackageId, Set<String>> archives;
    private final FunctionServices services;
    /** The function's lock, which its other versions and its line have as well. */
    private final ReentrantLock lock;

    private final RequestLine line;
    private final Runnable whenNone;
    /** Last in, first out: the others stay frozen and can be evicted. */
    private final ArrayDeque<PooledLeaf> idle = new ArrayDeque<>();
    /** All leaves, idle ones too. */
    private final Set<PooledLeaf> all = new HashSet<>();

    private boolean drained;
    private volatile boolean packagesInstalled;
    /** Whether its leaves are fresh processes and never forks. */
    private volatile boolean alone;

    /**
     * @param code what each leaf serves, and whether each is a fresh process, not forked from a zygote
     * @param lock the function's lock
     * @param line the function's line
     * @param whenNone called when the last leaf is gone, with the lock held
     */
    VersionLeaves(LambdaCode code, FunctionServices services, ReentrantLock lock, RequestLine line, Runnable whenNone) {
        this.alone = !code.zygote();
        this.spec = code.spec();
        this.archives = code.hashes();
        this.services = services;
        this.lock = lock;
        this.line = line;
        this.whenNone = whenNone;
    }

    /** Whether its leaves are fresh processes and never forks. */
    boolean alone() {
        return alone;
    }

    /** From now on its leaves are fresh processes. */
    void serveAlone() {
        alone = true;
    }

    /** As {@link #acquire}, with a leaf that is a fresh process, made for this request. */
    Lease acquireFresh() throws SandboxException, PackageException, OverloadException, InterruptedException {
        PendingRequest request = new PendingRequest(services.maxWait(), spec, false, this);
        heldOrWait(request, true);
        return create(request, true);
    }

    /**
     * Gets a leaf into use; {@link #release} or {@link PooledLeaf#destroy} must follow.
     *
     * @param newly not a leaf that was there before, unless a call of another request just ended well in it
     */
    Lease acquire(boolean newly) throws SandboxException, PackageException, OverloadException, InterruptedException {
        PendingRequest request = new PendingRequest(services.maxWait(), spec, !newly, this);
        while (true) {
            PooledLeaf rested = heldOrWait(request, newly);
            if (rested == null) {
                return create(request, alone);
            }
            if (claim(rested, request)) {
                return new Lease(rested, Start.WARM);
            }
        }
    }

    @Override
    public PooledLeaf take(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
        while (true) {
            PooledLeaf rested;
            lock.lock();
            try {
                rested = heldIdle();
            } finally {
                lock.unlock();
            }
            if (rested == null || claim(rested, request)) {
                return rested;
            }
        }
    }

    /**
     * An idle leaf, held; null if there is none, and the request is in the line now. Both at once: a leaf that came to
     * rest or was chosen in between would be evicted for a request that could have had it.
     */
    private PooledLeaf heldOrWait(PendingRequest request, boolean newly) throws OverloadException {
        lock.lock();
        try {
            PooledLeaf rested = newly ? null : heldIdle();
            if (rested == null) {
                line.enter(request, packagesInstalled || archives.isEmpty());
            }
            return rested;
        } finally {
            lock.unlock();
        }
    }

    /** Called with the lock held. */
    private PooledLeaf heldIdle() {
        while (!idle.isEmpty()) {
            PooledLeaf leaf = idle.removeFirst();
            if (leaf.hold()) {
                return leaf;
            }
        }
        return null;
    }

    /** Takes an idle leaf into use that is held; false if it was evicted or died. */
    private boolean claim(PooledLeaf leaf, PendingRequest request)
            throws SandboxException.NoCapacity, InterruptedException {
        boolean stays = true;
        try {
            boolean claimed = leaf.claim(request);
            stays = false;
            return claimed;
        } finally {
            if (stays) {
                backToIdle(leaf);
            }
        }
    }

    /** A leaf that could not be claimed for want of memory is idle still. */
    private void backToIdle(PooledLeaf leaf) {
        boolean destroy;
        lock.lock();
        try {
            destroy = drained;
            if (!drained && all.contains(leaf)) {
                idle.addLast(leaf);
            }
        } finally {
            lock.unlock();
        }
        if (destroy) {
            leaf.destroy();
        }
    }

    /** Has a leaf made for a request in the line, or gets the one that becomes free for it meanwhile. */
    private Lease create(PendingRequest request, boolean fresh)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Made made;
        try {
            made = make(request, fresh);
        } catch (SandboxException | PackageException e) {
            PooledLeaf free = leaveLine(request);
            if (free == null) {
                if (request.isOnlyAtOnce() && e instanceof SandboxException.NoCapacity) {
                    throw line.full(); // another one was faster
                }
                throw e;
            }
            return new Lease(free, Start.WARM);
        } catch (InterruptedException | RuntimeException | Error e) {
            PooledLeaf free = leaveLine(request);
            if (free != null) {
                release(free);
            }
            throw e;
        }
        PooledLeaf free = leaveLine(request);
        PooledLeaf leaf = made.leaf();
        if (free == null && made.anew()) {
            return new Lease(leaf, leaf.birth(request.startedNanos()) == PooledLeaf.Birth.HIT ? Start.HIT : Start.COLD);
        }
        if (free == null) {
            // Another call may be in it, or it is at rest for one.
            throw new SandboxException("the import cache returned leaf " + leaf.id() + " for lambda " + spec.lambda()
                    + " a second time, which is a fault in it: it must return a new one for each request");
        }
        if (made.anew() && free != leaf) {
            release(leaf);
        }
        return new Lease(free, Start.WARM);
    }

    /** Ends a request's waiting; returns the leaf that became free for it, or null. */
    private PooledLeaf leaveLine(PendingRequest request) {
        lock.lock();
        try {
            line.leave(request);
        } finally {
            lock.unlock();
        }
        return request.end();
    }

    /**
     * What the import cache returned.
     *
     * @param anew whether nobody had it before
     */
    private record Made(PooledLeaf leaf, boolean anew) {}

    private Made make(PendingRequest request, boolean fresh)
            throws SandboxException, PackageException, InterruptedException {
        if (!packagesInstalled) {
            services.packages().installAll(archives);
            packagesInstalled = true;
        }
        long start = System.nanoTime();
        for (int tries = 1; ; tries++) {
            PooledLeaf leaf = checked(
                    fresh
                            ? services.pool().createFresh(request)
                            : services.leaves().createLeaf(request));
            boolean anew = adopt(leaf);
            // A cache may have made it ahead and let it rest; then it may be gone.
            if (!anew || !leaf.hasRested() || leaf.hold() && claim(leaf, request)) {
                if (anew) {
                    services.statistics().latency(StatisticNames.LEAF_CREATE).record(System.nanoTime() - start);
                }
                return new Made(leaf, anew);
            }
            if (tries == MOST_TRIES) {
                throw new SandboxException("the import cache returned " + tries + " leaves for lambda " + spec.lambda()
                        + " that are gone, the last one " + leaf.id()
                        + ": it must forget those that it let rest when it"
                        + " hears of their end");
            }
        }
    }

    /** The import cache is a third party's code. */
    private PooledLeaf checked(Leaf leaf) {
        if (leaf instanceof PooledLeaf pooled && leaf.spec().equals(spec)) {
            return pooled;
        }
        // It may be a leaf of another lambda that is in use.
        if (leaf instanceof PooledLeaf foreign && foreign.adopt()) {
            foreign.destroy();
        }
        throw new IllegalStateException("the import cache made a leaf for lambda " + spec.lambda()
                + " that is not what it was asked for; it must return what Sandboxes.createLeaf returns");
    }

    /** Takes a new leaf over; false if somebody has it already: it became free for the request, or is none of its. */
    private boolean adopt(PooledLeaf leaf) {
        if (!leaf.adopt()) {
            return false;
        }
        lock.lock();
        try {
            all.add(leaf);
        } finally {
            lock.unlock();
        }
        leaf.whenGone(() -> gone(leaf));
        return true;
    }

    private void gone(PooledLeaf leaf) {
        lock.lock();
        try {
            all.remove(leaf);
            idle.remove(leaf);
            if (all.isEmpty()) {
                whenNone.run();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Gives a healthy leaf to a request that waits, or lets it rest. */
    @Override
    public void release(PooledLeaf leaf) {
        boolean destroy;
        boolean handed = false;
        lock.lock();
        try {
            destroy = drained;
            if (!destroy) {
                handed = line.offer(leaf);
                if (!handed) {
                    idle.addFirst(leaf);
                }
            }
        } finally {
            lock.unlock();
        }
        if (destroy) {
            services.destroyLater(List.of(leaf));
        } else if (handed) {
            services.pool().wake();
        } else {
            leaf.rest();
        }
    }

    /** From now on no leaf rests any more. Returns those that did; they are the caller's to destroy. */
    List<PooledLeaf> drain() {
        lock.lock();
        try {
            drained = true;
            List<PooledLeaf> rested = List.copyOf(idle);
            idle.clear();
            return rested;
        } finally {
            lock.unlock();
        }
    }

    /** How many there are. */
    int count() {
        lock.lock();
        try {
            return all.size();
        } finally {
            lock.unlock();
        }
    }

    /** How many rest. */
    int idleCount() {
        lock.lock();
        try {
            return idle.size();
        } finally {
            lock.unlock();
        }
    }
}
