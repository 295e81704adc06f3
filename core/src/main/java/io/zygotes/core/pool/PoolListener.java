package io.zygotes.core.pool;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import java.util.Map;

/**
 * Hears what happens in the pool, whoever owns the sandbox. Called by any thread; must not block and must not throw.
 */
public interface PoolListener {

    /** A leaf or zygote was made, frozen, thawed, evicted, destroyed, or died. */
    void onEvent(SandboxEvent event);

    /** Packages left something in a zygote that no fork carries over, each with what that is. */
    default void onUnfit(Map<PackageId, String> reasons) {}

    /** What knows which further modules zygotes import. */
    default ZygoteModules modules() {
        return ZygoteModules.NONE;
    }

    /** A zygote measured what its packages cost to import. */
    void onImportCosts(Map<PackageId, ImportCost> costs);
}
