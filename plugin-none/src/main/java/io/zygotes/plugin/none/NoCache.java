package io.zygotes.plugin.none;

import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** Makes every leaf from nothing. */
final class NoCache implements ImportCache {

    private final Sandboxes sandboxes;
    private final LongAdder leaves = new LongAdder();

    NoCache(Sandboxes sandboxes) {
        this.sandboxes = sandboxes;
    }

    @Override
    public Leaf createLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
        Leaf leaf = sandboxes.createLeaf(Optional.empty(), spec);
        leaves.increment();
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
