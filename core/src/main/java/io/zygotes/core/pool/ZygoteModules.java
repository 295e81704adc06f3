package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.ZygoteSpec;
import java.util.List;
import java.util.Set;

/**
 * Knows which modules zygotes import beside those at the top of their packages. Called by any thread; must not throw,
 * and may read a lambda's code the first time, but must not block otherwise.
 */
public interface ZygoteModules {

    /** Leaves it at what a cache asks for. */
    ZygoteModules NONE = new ZygoteModules() {
        @Override
        public ZygoteSpec whole(ZygoteSpec spec) {
            return spec;
        }

        @Override
        public void learn(ZygoteSpec spec, ModuleFindings findings) {
            // Nothing is asked for, so there is nothing to be learned.
        }

        @Override
        public Set<String> imports(LeafSpec spec) {
            return Set.of();
        }

        @Override
        public void loaded(LeafSpec spec, List<String> modules) {
            // As above.
        }
    };

    /** What a zygote must be, with all further modules that are worth it and without those that are not. */
    ZygoteSpec whole(ZygoteSpec spec);

    /** Takes what came out when a zygote was made like this. */
    void learn(ZygoteSpec spec, ModuleFindings findings);

    /** As {@link io.zygotes.spi.LeafRequest#imports}. */
    Set<String> imports(LeafSpec spec);

    /**
     * Takes what a leaf loaded until its first call was over, as it says: full names, in the order of their imports.
     */
    void loaded(LeafSpec spec, List<String> modules);
}
