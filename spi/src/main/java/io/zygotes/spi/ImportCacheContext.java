package io.zygotes.spi;

import java.nio.file.Path;
import java.util.Optional;

/** What the worker gives a cache: all that it may use, and its options. Lives as long as the cache. */
@Stability(Stability.Level.STABLE)
public interface ImportCacheContext {

    /** Makes sandboxes. */
    Sandboxes sandboxes();

    /** Knows and installs packages. */
    Packages packages();

    /** The cache's own options: {@code plugins.<name>} of {@code config.json}. */
    Options options();

    /**
     * The value of {@code import_cache_tree}: a {@code String} (a path, or JSON text) or a {@code Map} (an inline
     * object as a JSON library reads it); empty if it is not set.
     */
    Optional<Object> importCacheTree();

    /** The worker directory; relative paths in options are relative to it. */
    Path workerDirectory();

    /** The limits a zygote should get while it imports. */
    Limits zygoteLimits();

    /** Memory for sandboxes, now. */
    MemoryBudget memory();
}
