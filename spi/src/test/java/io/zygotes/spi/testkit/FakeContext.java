package io.zygotes.spi.testkit;

import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Network;
import io.zygotes.spi.Options;
import io.zygotes.spi.PackageId;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A worker as an import cache sees it, made of fakes.
 *
 * @param sandboxes the pool
 * @param packages the packages
 * @param optionValues the cache's own options
 * @param importCacheTree the value of {@code import_cache_tree}
 * @param workerDirectory what relative paths are relative to
 * @param stateDirectory what the cache may keep over restarts; empty for nothing
 */
public record FakeContext(
        FakeSandboxes sandboxes,
        FakePackages packages,
        Map<String, Object> optionValues,
        Optional<Object> importCacheTree,
        Path workerDirectory,
        Optional<Path> stateDirectory)
        implements ImportCacheContext {

    /** Limits for zygotes and leaves. */
    public static final Limits LIMITS = new Limits(256, 32, 100, 0, 30, 256, 64);

    /** Copies the map. */
    public FakeContext {
        Objects.requireNonNull(stateDirectory);
        optionValues = Map.copyOf(optionValues);
    }

    /** A worker that keeps nothing over restarts. */
    public FakeContext(
            FakeSandboxes sandboxes,
            FakePackages packages,
            Map<String, Object> optionValues,
            Optional<Object> importCacheTree,
            Path workerDirectory) {
        this(sandboxes, packages, optionValues, importCacheTree, workerDirectory, Optional.empty());
    }

    /**
     * A worker with nothing set.
     *
     * @param packages the packages
     * @param poolMib the memory for all sandboxes, in MiB
     */
    public static FakeContext of(FakePackages packages, long poolMib) {
        return new FakeContext(
                new FakeSandboxes(packages, poolMib), packages, Map.of(), Optional.empty(), Path.of("."));
    }

    /** The same with other options. */
    public FakeContext withOptions(Map<String, Object> values) {
        return new FakeContext(sandboxes, packages, values, importCacheTree, workerDirectory, stateDirectory);
    }

    /** The same with another {@code import_cache_tree}. */
    public FakeContext withTree(Object tree) {
        return new FakeContext(sandboxes, packages, optionValues, Optional.of(tree), workerDirectory, stateDirectory);
    }

    /** The same with another worker directory. */
    public FakeContext in(Path directory) {
        return new FakeContext(sandboxes, packages, optionValues, importCacheTree, directory, stateDirectory);
    }

    /** The same with a folder for what the cache keeps. */
    public FakeContext keeping(Path state) {
        return new FakeContext(sandboxes, packages, optionValues, importCacheTree, workerDirectory, Optional.of(state));
    }

    /** What a leaf of a lambda with these packages must be. */
    public static LeafSpec leaf(String lambda, Set<PackageId> packages) {
        return new LeafSpec(lambda, Path.of("registry", lambda), packages, LIMITS, Network.HOST, Map.of());
    }

    @Override
    public Options options() {
        return new Options("config.json: $.plugins.test", optionValues);
    }

    @Override
    public Limits zygoteLimits() {
        return LIMITS;
    }

    @Override
    public MemoryBudget memory() {
        return sandboxes.memory();
    }
}
