package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandboxes;
import java.nio.file.Path;
import java.util.Optional;

/** Makes import caches: gives a provider what the contract promises, and turns what a plugin throws into an error. */
final class ImportCacheFactory {

    private final WorkerConfig config;
    private final SandboxPool pool;
    private final Packages packages;

    /**
     * @param config the settings that the worker was started with
     * @param pool knows the memory
     * @param packages what caches may ask for packages
     */
    ImportCacheFactory(WorkerConfig config, SandboxPool pool, Packages packages) {
        this.config = config;
        this.pool = pool;
        this.packages = packages;
    }

    /**
     * Makes a cache.
     *
     * @param caches its provider
     * @param settings where {@code import_cache_tree} and {@code plugins} are taken from; nothing else of it is used
     * @param sandboxes what the cache makes its sandboxes with
     * @throws ConfigException if a setting is wrong or the provider fails
     */
    ImportCache make(ImportCacheProvider caches, WorkerConfig settings, Sandboxes sandboxes) throws ConfigException {
        CacheContext context = new CacheContext(
                pool,
                sandboxes,
                packages,
                CacheOptions.of(settings, caches),
                settings.importCacheTree(),
                config.folder(),
                stateOf(caches),
                config.zygoteLimits());
        try {
            return caches.create(context);
        } catch (RuntimeException | LinkageError e) {
            // The provider is a third party's code, which may throw anything.
            throw new ConfigException(
                    CacheOptions.where(settings, caches),
                    "the import cache \"" + caches.name() + "\" fails to start, which is a fault in it: " + e,
                    e);
        }
    }

    /** None for the cache without a name, which has nothing to keep. */
    private Optional<Path> stateOf(ImportCacheProvider caches) {
        return caches.name().isEmpty()
                ? Optional.empty()
                : Optional.of(config.stateFolder().resolve("import-cache").resolve(caches.name()));
    }
}
