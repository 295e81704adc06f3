package io.zygotes.spi;

import java.util.Optional;

/**
 * Forking from a zygote that may be gone by then: it is replaced once. What a {@link Sandboxes} does in
 * {@link Sandboxes#createLeafFrom} and {@link Sandboxes#createZygoteFrom}.
 */
final class Replacement {

    private Replacement() {}

    /** Makes a sandbox from a parent, or fresh. */
    @FunctionalInterface
    interface Fork<T> {
        T from(Optional<Zygote> parent) throws SandboxException, InterruptedException;
    }

    /** Forks from what the source gives; from what it gives then, if that was gone. */
    static <T, X extends Exception> T once(ZygoteSource<X> source, Fork<T> fork)
            throws SandboxException, PackageException, X, InterruptedException {
        try {
            return orDestroy(source.get(), fork);
        } catch (Gone _) {
            // It died since the source looked, or it cannot fork any more.
        }
        try {
            return orDestroy(source.get(), fork);
        } catch (Gone e) {
            throw e.error;
        }
    }

    private static <T> T orDestroy(Optional<Zygote> parent, Fork<T> fork)
            throws Gone, SandboxException, InterruptedException {
        try {
            return fork.from(parent);
        } catch (SandboxException.ZygoteGone e) {
            if (parent.isEmpty()) {
                throw e;
            }
            parent.get().destroy();
            throw new Gone(e);
        }
    }

    /**
     * The parent itself is gone. A type of its own tells this from a {@link SandboxException.ZygoteGone} of the source,
     * which is about a zygote that the source needed to make the parent.
     */
    private static final class Gone extends Exception {
        private static final long serialVersionUID = 1L;
        private final SandboxException.ZygoteGone error;

        private Gone(SandboxException.ZygoteGone error) {
            super(error);
            this.error = error;
        }
    }
}
