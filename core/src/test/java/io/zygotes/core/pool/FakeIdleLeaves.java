package io.zygotes.core.pool;

import io.zygotes.spi.SandboxException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A function's leaves without the function. Safe for use by many threads. */
final class FakeIdleLeaves implements IdleLeaves {

    /** No leaf ever rests. */
    static final IdleLeaves NONE = new FakeIdleLeaves();

    private final Deque<PooledLeaf> idle = new ArrayDeque<>();
    final AtomicInteger asked = new AtomicInteger();
    final List<PooledLeaf> released = new CopyOnWriteArrayList<>();

    /** Runs before a leaf is taken. */
    volatile Runnable before = () -> {};

    FakeIdleLeaves(PooledLeaf... resting) {
        Collections.addAll(idle, resting);
    }

    @Override
    public PooledLeaf take(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException {
        asked.incrementAndGet();
        before.run();
        PooledLeaf leaf;
        synchronized (idle) {
            leaf = idle.poll();
        }
        return leaf != null && leaf.hold() && leaf.claim(request) ? leaf : null;
    }

    @Override
    public void release(PooledLeaf leaf) {
        released.add(leaf);
    }
}
