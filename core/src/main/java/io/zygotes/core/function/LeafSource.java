package io.zygotes.core.function;

import io.zygotes.core.pool.PendingRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.util.Optional;

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

    /**
     * Makes a leaf of a function that has a zygote of its own, otherwise as {@link #createLeaf(PendingRequest)}.
     *
     * @param function that zygote
     * @throws SandboxException.ZygoteGone if it is gone
     * @throws SandboxException as {@link #createLeaf(PendingRequest)}
     */
    default Leaf createLeaf(PendingRequest request, Zygote function)
            throws SandboxException, PackageException, InterruptedException {
        return createLeaf(request);
    }

    /**
     * Makes the zygote of a function itself. May take as long as the function's code needs.
     *
     * @param spec what it must be
     * @param onlyFree whether it is made of free memory only
     * @return the zygote, which is the caller's; empty if there is to be none
     * @throws SandboxException as {@link io.zygotes.spi.Sandboxes#createFunctionZygote}
     * @throws PackageException if a package cannot be installed
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    default Optional<Zygote> createFunctionZygote(FunctionZygoteSpec spec, boolean onlyFree)
            throws SandboxException, PackageException, InterruptedException {
        return Optional.empty();
    }
}
