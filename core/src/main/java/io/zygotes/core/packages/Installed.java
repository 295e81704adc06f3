package io.zygotes.core.packages;

import io.zygotes.spi.PackageInfo;
import java.util.Set;
import java.util.TreeSet;

/**
 * A package that is there.
 *
 * @param info what it is
 * @param extras what its extras need, and which extras of others it needs
 * @param verified hashes of which the archive that it came from has one, as pip saw; empty if nobody asked for any
 */
record Installed(PackageInfo info, Extras extras, Set<String> verified) {

    /** Copies the hashes. */
    Installed {
        verified = Set.copyOf(verified);
    }

    /** Whether it certainly came from one of the archives that are wanted. */
    boolean satisfies(Wanted wanted) {
        return wanted.hashes().isEmpty()
                || !verified.isEmpty() && wanted.hashes().containsAll(verified);
    }

    /** This, after it was found to be the same as an archive with one of these hashes. */
    Installed verifiedBy(Set<String> hashes) {
        Set<String> both = new TreeSet<>(verified);
        both.retainAll(hashes);
        return new Installed(info, extras, both.isEmpty() ? hashes : both);
    }
}
