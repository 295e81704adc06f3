package io.zygotes.core.function;

import io.zygotes.core.function.Answer.Start;
import io.zygotes.core.pool.Demand;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lambda: its versions, its leaves, and the requests that wait for one. A request takes the leaf that rested last,
 * or makes one on its own thread; while it waits for memory, a leaf that becomes free is handed to it.
 */
final class LambdaFunction {

    /** How long another lambda may wait for memory before this one stops handing its leaves to its own requests. */
    private static final long OTHERS_WAIT_NANOS = Duration.ofMillis(100).toNanos();

    private final String name;
    private final FunctionServices services;
    private final ReentrantLock lock = new ReentrantLock();
    /** In the order in which they came. */
    private final LinkedHashSet<Demand> waiting = new LinkedHashSet<>();

    private final List<Version> versions = new ArrayList<>();
    private Version current;
    private boolean closed;

    /** One version of the code with its leaves. Guarded by the function's lock. */
    private static final class Version {
        private final LambdaCode code;
        /** Last in, first out: the others stay frozen and can be evicted. */
        private final ArrayDeque<PooledLeaf> idle = new ArrayDeque<>();
        /** All leaves, idle ones too. */
        private final Set<PooledLeaf> leaves = new HashSet<>();
        /** Requests and jobs that need the folder. */
        private int users;

        private boolean compiling;
        private boolean retired;
        private volatile boolean packagesInstalled;

        private Version(LambdaCode code) {
            this.code = code;
        }
    }

    private record Lease(PooledLeaf leaf, Start start) {}

    LambdaFunction(String name, FunctionServices services) {
        this.name = name;
        this.services = services;
    }

    /**
     * Runs the lambda once.
     *
     * @param code the code as the registry has it now
     */
    Answer invoke(LambdaCode code, Invocation invocation)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Version version = enter(code);
        try {
            return call(version, invocation);
        } finally {
            leave(version);
        }
    }

    /**
     * A leaf may have been killed while it rested, or while it was a spare, which is seen only when it is called; others
     * may have gone with it. So the second try, for a call that never reached the lambda, is with a leaf made for it.
     */
    private Answer call(Version version, Invocation invocation)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Duration timeout = Duration.ofSeconds(version.code.spec().limits().runtimeSec());
        for (boolean again = false; ; again = true) {
            Lease lease = null;
            boolean served = false;
            try {
                lease = acquire(version, again);
                Reply reply = lease.leaf().call(invocation, timeout);
                served = true;
                if (lease.start() != Start.WARM) {
                    recordCreation(lease.leaf());
                }
                return new Answer(reply, lease.start(), lease.leaf().id());
            } catch (SandboxException.Died e) {
                if (e.callStarted() || again) {
                    throw e;
                }
                services.statistics().count("retries");
            } finally {
                if (served) {
                    release(version, lease.leaf());
                } else if (lease != null) {
                    lease.leaf().destroy();
                }
            }
        }
    }

    private void recordCreation(PooledLeaf leaf) {
        leaf.creationNanos()
                .forEach((step, nanos) ->
                        services.statistics().latency("create_" + step).record(nanos));
    }

    /** The version to serve with: the newest that anybody has seen. Older ones get no more requests. */
    private Version enter(LambdaCode code) throws SandboxException.NoCapacity {
        List<PooledLeaf> drained = List.of();
        lock.lock();
        try {
            if (closed) {
                throw new SandboxException.NoCapacity("the worker is stopping, or lambda " + name + " was removed");
            }
            if (current == null || code.generation() > current.code.generation()) {
                if (current == null || !code.spec().equals(current.code.spec())) {
                    drained = retireCurrent();
                    current = new Version(code);
                    versions.add(current);
                }
            }
            current.users++;
            return current;
        } finally {
            lock.unlock();
            services.destroyLater(drained);
        }
    }

    private List<PooledLeaf> retireCurrent() {
        if (current == null) {
            return List.of();
        }
        current.retired = true;
        List<PooledLeaf> drained = List.copyOf(current.idle);
        current.idle.clear();
        return drained;
    }

    private void leave(Version version) {
        lock.lock();
        try {
            version.users--;
            forgetIfUnused(version);
        } finally {
            lock.unlock();
        }
    }

    private void forgetIfUnused(Version version) {
        if (version.retired && version.users == 0 && version.leaves.isEmpty() && versions.remove(version)) {
            Set<String> inUse = new HashSet<>();
            versions.forEach(used -> inUse.add(used.code.version()));
            services.keepVersionsLater(name, inUse);
        }
    }

    /** @param newly not a leaf that was there before, unless a call of another request just ended well in it */
    private Lease acquire(Version version, boolean newly)
            throws SandboxException, PackageException, OverloadException, InterruptedException {
        Demand demand = new Demand(System.nanoTime() + services.maxWait().toNanos(), version.code.spec(), !newly);
        Lease lease = null;
        while (lease == null) {
            PooledLeaf idle = idleOrWait(version, demand, newly);
            lease = idle != null ? claim(version, idle, demand) : create(version, demand);
        }
        return lease;
    }

    /** Takes an idle leaf into use; null if it was evicted or died. */
    private Lease claim(Version version, PooledLeaf leaf, Demand demand) throws SandboxException, InterruptedException {
        boolean stays = true;
        try {
            boolean claimed = leaf.claim(demand);
            stays = false;
            return claimed ? new Lease(leaf, Start.WARM) : null;
        } finally {
            if (stays) {
                backToIdle(version, leaf);
            }
        }
    }

    /**
     * An idle leaf, held; null if there is none, and the demand waits for one now. Both at once: a leaf that came to rest
     * or was chosen in between would be evicted for a demand that could have had it.
     */
    private PooledLeaf idleOrWait(Version version, Demand demand, boolean newly) throws OverloadException {
        lock.lock();
        try {
            while (!newly && !version.idle.isEmpty()) {
                PooledLeaf leaf = version.idle.removeFirst();
                if (leaf.hold()) {
                    return leaf;
                }
            }
            if (waiting.size() >= services.maxWaiting()) {
                throw new OverloadException(waiting.size() + " requests wait for a leaf of lambda " + name
                        + " already (max_waiting in config.json); try again later");
            }
            waiting.add(demand);
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** A leaf that could not be claimed for want of memory is idle still. */
    private void backToIdle(Version version, PooledLeaf leaf) {
        boolean drained;
        lock.lock();
        try {
            drained = version.retired || closed;
            if (!drained && version.leaves.contains(leaf)) {
                version.idle.addLast(leaf);
            }
        } finally {
            lock.unlock();
        }
        if (drained) {
            leaf.destroy();
        }
    }

    /** Gets the waiting demand a leaf; null if it is to look for an idle one again. */
    private Lease create(Version version, Demand demand)
            throws SandboxException, PackageException, InterruptedException {
        PooledLeaf made = null;
        try {
            if (!version.packagesInstalled) {
                services.packages().installAll(version.code.spec().packages());
                version.packagesInstalled = true;
            }
            long start = System.nanoTime();
            made = adopt(version, createFor(version, demand));
            services.statistics().latency("leaf_create").record(System.nanoTime() - start);
        } catch (SandboxException | PackageException e) {
            if (demand.goesBack()) {
                return null;
            }
            if (demand.offered() == null) {
                throw e;
            }
        } catch (InterruptedException | RuntimeException e) {
            if (demand.offered() != null) {
                release(version, demand.offered());
            }
            throw e;
        } finally {
            stopWaiting(demand);
        }
        if (demand.offered() == null) {
            return new Lease(made, made.birth() == PooledLeaf.Birth.HIT ? Start.HIT : Start.COLD);
        }
        if (made != null) {
            release(version, made);
        }
        return new Lease(demand.offered(), Start.WARM);
    }

    private void stopWaiting(Demand demand) {
        lock.lock();
        try {
            waiting.remove(demand);
        } finally {
            lock.unlock();
        }
    }

    private Leaf createFor(Version version, Demand demand)
            throws SandboxException, PackageException, InterruptedException {
        demand.bind();
        try {
            return services.cache().createLeaf(version.code.spec());
        } finally {
            demand.unbind();
        }
    }

    /** Takes a leaf over from the import cache, which is a third party's code. */
    private PooledLeaf adopt(Version version, Leaf leaf) {
        if (!(leaf instanceof PooledLeaf pooled) || !leaf.spec().equals(version.code.spec())) {
            leaf.destroy();
            throw new IllegalStateException("the import cache made a leaf for lambda " + name
                    + " that is not what it was asked for; it must return what Sandboxes.createLeaf returns");
        }
        lock.lock();
        try {
            version.leaves.add(pooled);
        } finally {
            lock.unlock();
        }
        pooled.whenGone(() -> gone(version, pooled));
        return pooled;
    }

    private void gone(Version version, PooledLeaf leaf) {
        lock.lock();
        try {
            version.leaves.remove(leaf);
            version.idle.remove(leaf);
            forgetIfUnused(version);
        } finally {
            lock.unlock();
        }
    }

    /** Gives a healthy leaf to a request that waits, or lets it rest. */
    private void release(Version version, PooledLeaf leaf) {
        boolean drained;
        boolean handed = false;
        boolean compile = false;
        lock.lock();
        try {
            drained = version.retired || closed;
            if (!drained) {
                handed = offer(leaf);
                if (!handed) {
                    version.idle.addFirst(leaf);
                }
                compile = !version.compiling;
                if (compile) {
                    version.compiling = true;
                    version.users++;
                }
            }
        } finally {
            lock.unlock();
        }
        if (drained) {
            services.destroyLater(List.of(leaf));
        } else if (handed) {
            services.pool().wake();
        } else {
            leaf.rest();
        }
        if (compile) {
            services.compiler().compile(version.code, finished -> compiled(version, finished));
        }
    }

    private boolean offer(PooledLeaf leaf) {
        if (waiting.isEmpty() || services.pool().othersStarve(waiting::contains, OTHERS_WAIT_NANOS)) {
            return false;
        }
        for (Demand demand : waiting) {
            if (demand.offer(leaf)) {
                return true;
            }
        }
        return false;
    }

    private void compiled(Version version, boolean finished) {
        lock.lock();
        try {
            version.compiling = finished;
            version.users--;
            forgetIfUnused(version);
        } finally {
            lock.unlock();
        }
    }

    /** Ends it: idle leaves go now, the others when their calls end. */
    void close() {
        List<PooledLeaf> drained;
        lock.lock();
        try {
            closed = true;
            drained = retireCurrent();
        } finally {
            lock.unlock();
        }
        drained.forEach(PooledLeaf::destroy);
    }

    /** One line for people. */
    String describe() {
        lock.lock();
        try {
            int leaves = 0;
            int idle = 0;
            for (Version version : versions) {
                leaves += version.leaves.size();
                idle += version.idle.size();
            }
            return name + ": version " + (current == null ? "-" : current.code.version()) + ", " + leaves + " leaves ("
                    + idle + " idle), " + waiting.size() + " requests wait";
        } finally {
            lock.unlock();
        }
    }

    int leaves() {
        lock.lock();
        try {
            int leaves = 0;
            for (Version version : versions) {
                leaves += version.leaves.size();
            }
            return leaves;
        } finally {
            lock.unlock();
        }
    }
}
