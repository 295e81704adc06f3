package io.zygotes.core.function;

import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The requests of one lambda that wait for a leaf: they found none at rest, and have none made for them yet. First
 * come, first served. Guarded by the function's lock, which is held when its methods are called.
 */
final class RequestLine {

    /** How long another lambda may wait for memory before this one stops handing its leaves to its own requests. */
    private static final long OTHERS_WAIT_NANOS = Duration.ofMillis(100).toNanos();

    private final String lambda;
    private final SandboxPool pool;
    private final int maxWaiting;
    /** In the order in which they came. */
    private final LinkedHashSet<PendingRequest> waiting = new LinkedHashSet<>();
    /** What the pool sees of it, made once. */
    private final Set<PendingRequest> view = Collections.unmodifiableSet(waiting);

    /** @param maxWaiting how many may wait at once */
    RequestLine(String lambda, SandboxPool pool, int maxWaiting) {
        this.lambda = lambda;
        this.pool = pool;
        this.maxWaiting = maxWaiting;
    }

    int size() {
        return waiting.size();
    }

    /**
     * Takes a request into the line. One more than may wait is taken if it need not: if there is memory for it, and
     * nothing else to be done before its leaf is made.
     *
     * @param ready whether its packages are installed
     * @throws OverloadException if it would have to wait, and too many do already
     */
    void enter(PendingRequest request, boolean ready) throws OverloadException {
        if (waiting.size() >= maxWaiting) {
            if (!(ready || waiting.isEmpty()) || !pool.isObtainable(neededWith(request))) {
                throw full();
            }
            request.onlyAtOnce();
        }
        waiting.add(request);
    }

    /** What all who have no memory yet need, and this one. */
    private long neededWith(PendingRequest request) {
        long others = waiting.stream().filter(other -> !other.hasMemory()).count();
        return (others + 1) * ((long) request.spec().limits().memMb() << 20);
    }

    /** The error for one that would have to wait. */
    OverloadException full() {
        return new OverloadException("there is no memory for one more leaf of lambda " + lambda + ", and " + maxWaiting
                + " requests may wait for one (max_waiting in config.json); try again later");
    }

    void leave(PendingRequest request) {
        waiting.remove(request);
    }

    /**
     * Hands a leaf in use to the first request that waits for memory; not when another lambda has waited longer than it
     * should.
     *
     * @return whether one took it; if so, {@link SandboxPool#wake} must follow, without the lock
     */
    boolean offer(PooledLeaf leaf) {
        if (waiting.isEmpty() || pool.othersStarve(view, OTHERS_WAIT_NANOS)) {
            return false;
        }
        for (PendingRequest request : waiting) {
            if (request.offer(leaf)) {
                return true;
            }
        }
        return false;
    }
}
