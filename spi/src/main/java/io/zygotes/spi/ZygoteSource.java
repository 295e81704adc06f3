package io.zygotes.spi;

import java.util.Optional;

/**
 * Where an import cache gets the zygote from that a sandbox is forked from: the one that lives, or a new one.
 *
 * @param <X> what else it may throw; {@link RuntimeException} if nothing
 * @see Sandboxes#createLeafFrom
 * @see Sandboxes#createZygoteFrom
 * @since 1.2
 */
@FunctionalInterface
@Stability(Stability.Level.STABLE)
public interface ZygoteSource<X extends Exception> {

    /**
     * The zygote to fork from now. Asked on the thread that makes the sandbox, and a second time if the first zygote
     * was gone. That one has been destroyed by then and says so ({@link Zygote#alive}), so it must not be returned
     * again. May block while a zygote is made.
     *
     * @return a zygote of the pool that lives; empty for a fresh process, which is not replaced
     * @throws SandboxException if there is none, and none can be made
     * @throws PackageException if a package that it needs cannot be installed
     * @throws X whatever else the cache wants to hear from itself
     * @throws InterruptedException if the calling thread is interrupted
     */
    Optional<Zygote> get() throws SandboxException, PackageException, X, InterruptedException;
}
