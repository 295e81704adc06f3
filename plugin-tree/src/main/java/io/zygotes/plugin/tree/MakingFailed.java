package io.zygotes.plugin.tree;

import io.zygotes.spi.SandboxException;

/** A zygote could not be made; the leaf may still be forked from another one. */
final class MakingFailed extends Exception {

    private static final long serialVersionUID = 1L;

    private final SandboxException error;

    MakingFailed(SandboxException error) {
        super(error);
        this.error = error;
    }

    SandboxException error() {
        return error;
    }
}
