package io.zygotes.spi;

import java.time.Duration;
import java.util.Set;

/**
 * A request that needs a leaf, on its way through an import cache: what the leaf must be, and the means to make it. Any
 * thread may use it, until the {@link ImportCache#createLeaf(LeafRequest)} that it was given to returns.
 *
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public interface LeafRequest {

    /** What the leaf must be. The same at each call. */
    LeafSpec spec();

    /**
     * Modules that the lambda's code imports, its own left out: their full names, as its source says. What the source
     * does not say plainly is missing, and what it imports in some cases only is not.
     *
     * @return the names; empty if nothing is known of the code
     * @since 1.2
     */
    default Set<String> imports() {
        return Set.of();
    }

    /**
     * The pool on behalf of this request: who waits for memory here waits in the request's place and no longer than the
     * request may. A leaf of the same lambda that becomes free meanwhile ends the waiting: {@link Sandboxes#createLeaf}
     * then returns that one. Zygotes made here outlive the request. What a cache makes of its own accord it makes with
     * {@link ImportCacheContext#sandboxes}. Leaves that are made here and not returned are destroyed when
     * {@code createLeaf} ends.
     */
    Sandboxes sandboxes();

    /**
     * Whether the request still needs a new leaf; false, for good, once a leaf of its lambda became free for it. A
     * zygote that cannot be made then ({@link SandboxException.NoCapacity}) says nothing about the memory that there
     * is: it is no reason for a warning, nor for others to do without that zygote. What remains to be done is
     * {@code sandboxes().createLeaf(Optional.empty(), spec())}, which returns the leaf that became free.
     */
    boolean needsLeaf();

    /** How long the request may still wait for memory; zero if its time is over, never negative. */
    Duration remaining();
}
