package io.zygotes.spi;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The worker's packages: installed once each, shared read-only by all sandboxes. Safe for use by many threads. */
@Stability(Stability.Level.STABLE)
public interface Packages {

    /**
     * Installs a package if it is not installed yet; two callers at once cause one install.
     *
     * <p>May block for as long as the installer's {@code runtime_sec}.
     *
     * @throws PackageException if the installer fails; the next call tries again
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    PackageInfo install(PackageId id) throws PackageException, InterruptedException;

    /** The package if it is installed already; never blocks on an install. */
    Optional<PackageInfo> installed(PackageId id);

    /**
     * The package and everything it needs, in an order in which it can be imported: dependencies first.
     *
     * <p>Versions are taken from {@code pins}. A dependency that {@code pins} does not have is left out, as it is
     * for the lambda that pins them. Installs what is missing.
     *
     * @param id one of {@code pins}
     * @param pins the pinned packages of a lambda
     * @throws PackageException if an install fails
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    List<PackageInfo> closure(PackageId id, Set<PackageId> pins) throws PackageException, InterruptedException;

    /** What importing this package itself costs, as last measured in a real sandbox; empty until it was. */
    Optional<ImportCost> cost(PackageId id);

    /**
     * Why no zygote may hold a package: what it leaves when it is imported that no fork carries over, such as an open
     * connection. A zygote with it cannot be made.
     *
     * @return a reason for people; empty as long as none was found
     * @since 1.2
     */
    default Optional<String> unfit(PackageId id) {
        return Optional.empty();
    }

    /** All that is installed now; a snapshot. */
    Collection<PackageInfo> all();
}
