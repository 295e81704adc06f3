package io.zygotes.core.function;

import io.zygotes.core.pool.PendingRequest;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;

/** Where a function gets its new leaves from: the import cache at work. Used by many threads at once. */
@FunctionalInterface
public interface LeafSource {

    /**
     * Makes a leaf, on the thread of the request. May block while zygotes are made.
     *
     * @param request what it must be, and until when it may wait for memory
     * @return the leaf, which is the caller's; it may be one that became free for the request meanwhile
     * @throws SandboxException if no leaf can be made
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    Leaf createLeaf(PendingRequest request) throws SandboxException, PackageException, InterruptedException;
}
