package io.zygotes.core.packages;

import io.zygotes.spi.PackageId;
import java.util.Set;

/**
 * A package that somebody needs.
 *
 * @param id which
 * @param hashes of the archives that it may be installed from, such as {@code sha256:...}; any may if there are none
 */
record Wanted(PackageId id, Set<String> hashes) {

    /** Copies the hashes. */
    Wanted {
        hashes = Set.copyOf(hashes);
    }
}
