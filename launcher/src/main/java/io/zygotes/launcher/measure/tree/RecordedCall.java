package io.zygotes.launcher.measure.tree;

import io.zygotes.spi.PackageId;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A call as a trace has it.
 *
 * @param function name of the function
 * @param packages all its packages, indirect ones too
 * @param atMillis when it was made, in milliseconds since any time; empty if the trace does not say so
 */
public record RecordedCall(String function, Set<PackageId> packages, OptionalLong atMillis) {

    /** Copies the set. */
    public RecordedCall {
        Objects.requireNonNull(function);
        Objects.requireNonNull(atMillis);
        packages = Set.copyOf(packages);
    }
}
