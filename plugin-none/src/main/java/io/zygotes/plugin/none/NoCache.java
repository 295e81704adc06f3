package io.zygotes.plugin.none;

import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
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

    /** {@inheritDoc} None: there is no zygote at all. */
    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request) {
        return Optional.empty();
    }

    /** {@inheritDoc} From nothing, although another cache before this one had a zygote made. */
    @Override
    public Leaf createLeaf(LeafRequest request, Zygote function) throws SandboxException, InterruptedException {
        return createLeaf(request);
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
