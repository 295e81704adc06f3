package io.zygotes.core.pool;

import io.zygotes.spi.SandboxException;

/** The leaves that could serve a request as well as a new one: those of its lambda, in its version. */
public interface IdleLeaves {

    /**
     * Takes one that rests into use. May block until the request's deadline while the leaf gets its memory back.
     *
     * @param request whom it is for
     * @return the leaf; null if none rests
     * @throws SandboxException.NoCapacity if there is no memory for it to be used again; it goes on resting
     * @throws InterruptedException if the calling thread is interrupted; the leaf goes on resting
     */
    PooledLeaf take(PendingRequest request) throws SandboxException.NoCapacity, InterruptedException;

    /** Takes back one that nobody needs after all. */
    void release(PooledLeaf leaf);
}
