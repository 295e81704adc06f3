package io.zygotes.spi;

import java.util.List;
import java.util.Map;

/**
 * A sandbox that is forked to make others. It has imported its packages and runs no tenant code.
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
     * What is to be said of the further modules of its {@link ZygoteSpec}.
     *
     * @since 1.2
     */
    default ModuleFindings moduleFindings() {
        return ModuleFindings.NONE;
    }
}
