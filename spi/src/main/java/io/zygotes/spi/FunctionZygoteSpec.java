package io.zygotes.spi;

import java.util.Objects;
import java.util.Optional;

/**
 * What the zygote of a function itself must be: a process that has imported the function's own {@code f.py}, in the
 * isolation of a leaf, and is forked for leaves of this very version of the function and for nothing else.
 *
 * @param leaf what its leaves are; its limits, its network and its environment are the zygote's as well
 * @param event what the function is called with before the first fork, as JSON; empty for no such call
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public record FunctionZygoteSpec(LeafSpec leaf, Optional<String> event) {

    /** Checks for null. */
    public FunctionZygoteSpec {
        Objects.requireNonNull(leaf);
        Objects.requireNonNull(event);
    }
}
