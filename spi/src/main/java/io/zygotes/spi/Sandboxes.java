package io.zygotes.spi;

import java.util.Optional;

/**
 * Makes sandboxes. This is the worker's pool as an import cache sees it: every sandbox counts against
 * {@code mem_pool_mb}, and the safety rule is checked here once more.
 *
 * <p>All methods block until the sandbox is there, may evict idle sandboxes to make room, and are safe for use by
 * many threads.
 */
@Stability(Stability.Level.STABLE)
public interface Sandboxes {

    /**
     * Makes a leaf.
     *
     * @param parent the zygote to fork it from; empty for a fresh Python process
     * @param spec what it must be
     * @return the leaf; {@code f.py} may still be importing ({@link Leaf#awaitReady})
     * @throws IllegalArgumentException if the parent has a package that the lambda did not ask for, or is not a
     *     zygote of this pool
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException.NoLongerNeeded if it was waiting for memory, and the request has a leaf now
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException;

    /**
     * Makes a zygote and lets it import its packages.
     *
     * @param parent the zygote to fork it from; empty for a fresh Python process
     * @param spec what it must be
     * @throws IllegalArgumentException if the parent has a package that {@code spec} does not have, or is not a
     *     zygote of this pool
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException.NoLongerNeeded if it was waiting for memory, and the request has a leaf now
     * @throws SandboxException.ZygoteGone if the parent cannot fork any more
     * @throws SandboxException.ImportFailed if a package cannot be imported
     * @throws SandboxException.TimedOut if the import takes longer than the limit
     * @throws SandboxException if it cannot be made
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException;
}
