package io.zygotes.core.pool;

import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Sandboxes;
import java.time.Duration;

/**
 * A request as an import cache sees it.
 *
 * @param pending the request
 * @param sandboxes the pool on behalf of the request and the cache
 */
record CacheRequest(PendingRequest pending, Sandboxes sandboxes) implements LeafRequest {

    @Override
    public LeafSpec spec() {
        return pending.spec();
    }

    @Override
    public boolean needsLeaf() {
        return pending.needsLeaf();
    }

    @Override
    public Duration remaining() {
        return Duration.ofNanos(Math.max(pending.deadlineNanos() - System.nanoTime(), 0));
    }
}
