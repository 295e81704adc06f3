package io.zygotes.core.pool;

import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Sandboxes;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A request as an import cache sees it.
 *
 * @param pending the request
 * @param sandboxes the pool on behalf of the request and the cache
 * @param imports as {@link LeafRequest#imports}
 */
record CacheRequest(PendingRequest pending, Sandboxes sandboxes, Set<String> imports) implements LeafRequest {

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
        // Less than a millisecond is left when a deadline was set a moment before the waiting began.
        long left = pending.deadlineNanos() - System.nanoTime();
        return Duration.ofMillis(Math.max(TimeUnit.NANOSECONDS.toMillis(left), 0));
    }
}
