package io.zygotes.spi;

import java.nio.file.Path;
import java.util.Optional;

/** What the worker gives a cache: all that it may use, and its options. Lives as long as the cache. */
@Stability(Stability.Level.STABLE)
public interface ImportCacheContext {

    /** Makes sandboxes, until the cache is closed. */
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

    /**
     * The folder for what the cache wants to find again after a restart: its own, in the worker's state. It need not
     * exist yet, the cache makes it. While a worker switches from a cache to another one of the same name, both have
     * it. What is in it may be damaged or from another version of the plugin, so a cache must start without it as well.
     *
     * @return the folder; empty if the worker keeps nothing for this cache
     * @since 1.1
     */
    default Optional<Path> stateDirectory() {
        return Optional.empty();
    }

    /** The limits a zygote should get while it imports. */
    Limits zygoteLimits();

    /** Memory for sandboxes, now. */
    MemoryBudget memory();
}
