package io.zygotes.spi;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A sandbox that is forked to make others. It has imported its packages and runs no tenant code, unless it is the
 * zygote of a {@link #function}.
 *
 * <p>The worker may evict a zygote that is not in use when memory is short; {@link #alive()} is false from then on.
 */
@Stability(Stability.Level.STABLE)
public interface Zygote extends Sandbox {

    /** All packages it has imported, in import order; exactly those of its {@link ZygoteSpec}. */
    List<PackageId> packages();

    /** What importing cost, for each package that it imported itself (those of its parent are not among them). */
    Map<PackageId, ImportCost> importCosts();

    /**
     * Of the zygote of a function itself: what is forked from it, and nothing else is. It has imported the function's
     * own code.
     *
     * @return empty for a zygote of packages
     * @since 1.2
     */
    default Optional<LeafSpec> function() {
        return Optional.empty();
    }

    /**
     * What is to be said of the further modules of its {@link ZygoteSpec}.
     *
     * @since 1.2
     */
    default ModuleFindings moduleFindings() {
        return ModuleFindings.NONE;
    }
}
