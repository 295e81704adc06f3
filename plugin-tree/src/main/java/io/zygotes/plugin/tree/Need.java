package io.zygotes.plugin.tree;

import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.Sandboxes;
import java.util.function.BooleanSupplier;

/**
 * On whose behalf a zygote is made.
 *
 * @param sandboxes the pool to make it with; who waits for memory there waits in that one's place
 * @param stands whether it is still needed; if not, that there is no memory for it says nothing about the memory
 */
record Need(Sandboxes sandboxes, BooleanSupplier stands) {

    /** For a request that needs a leaf. */
    static Need of(LeafRequest request) {
        return new Need(request.sandboxes(), request::needsLeaf);
    }

    /** For requests that are going to come. */
    static Need ahead(Sandboxes sandboxes) {
        return new Need(sandboxes, () -> true);
    }
}
