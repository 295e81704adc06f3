package io.zygotes.plugin.multitree;

import io.zygotes.spi.CacheShape;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** Hands each leaf to one of several caches, picked at random. */
final class Multitree implements ImportCache {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final List<ImportCache> trees;
    private final AtomicLong state;

    Multitree(List<ImportCache> trees, long seed) {
        this.trees = List.copyOf(trees);
        this.state = new AtomicLong(seed);
    }

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        return trees.get(pick()).createLeaf(request);
    }

    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request)
            throws SandboxException, PackageException, InterruptedException {
        return trees.get(pick()).createFunctionZygote(request);
    }

    /** SplitMix64: the n-th pick depends on the seed and n alone, and threads share it without a lock. */
    private int pick() {
        long z = state.addAndGet(GOLDEN_GAMMA);
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return (int) Long.remainderUnsigned(z ^ (z >>> 31), trees.size());
    }

    @Override
    public void onEvent(SandboxEvent event) {
        trees.forEach(tree -> tree.onEvent(event));
    }

    @Override
    public Map<String, Number> statistics() {
        Map<String, Number> sums = new TreeMap<>();
        for (ImportCache tree : trees) {
            tree.statistics()
                    .forEach((name, value) ->
                            sums.merge(name, value.longValue(), (a, b) -> a.longValue() + b.longValue()));
        }
        sums.put("trees", trees.size());
        return Map.copyOf(sums);
    }

    @Override
    public CacheShape shape() {
        return new CacheShape(
                trees.stream().flatMap(tree -> tree.shape().roots().stream()).toList());
    }

    @Override
    public void close() {
        trees.forEach(ImportCache::close);
    }
}
