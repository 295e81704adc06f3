package io.zygotes.plugin.none;

import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.SandboxException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** Makes every leaf from nothing. */
final class NoCache implements ImportCache {

    private final LongAdder leaves = new LongAdder();

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
        Leaf leaf = request.sandboxes().createLeaf(Optional.empty(), request.spec());
        if (request.needsLeaf()) {
            // Otherwise it is a leaf that became free meanwhile, made and counted for another request.
            leaves.increment();
        }
        return leaf;
    }

    @Override
    public Map<String, Number> statistics() {
        return Map.of("leaves_fresh", leaves.sum());
    }

    @Override
    public void close() {
        // It keeps nothing, so there is nothing to destroy.
    }
}
