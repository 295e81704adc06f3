package io.zygotes.core;

import io.zygotes.spi.FailureKind;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.SandboxException;

/** Stands for the import cache until the worker's start makes the first one: makes no leaves and has no zygotes. */
final class NoCacheYet implements ImportCache {

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException {
        throw new SandboxException(
                FailureKind.OTHER, "no leaf for lambda " + request.spec().lambda() + ": the worker is still starting");
    }

    @Override
    public void close() {
        // It has nothing.
    }
}
