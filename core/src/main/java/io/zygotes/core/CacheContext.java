package io.zygotes.core;

import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Limits;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Options;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandboxes;
import java.nio.file.Path;
import java.util.Optional;

/** What an import cache gets of the worker. */
record CacheContext(
        SandboxPool pool,
        Sandboxes sandboxes,
        Packages packages,
        Options options,
        Optional<Object> importCacheTree,
        Path workerDirectory,
        Optional<Path> stateDirectory,
        Limits zygoteLimits)
        implements ImportCacheContext {

    @Override
    public MemoryBudget memory() {
        return pool.memory();
    }
}
