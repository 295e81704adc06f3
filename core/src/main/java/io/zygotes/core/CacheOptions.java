package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Options;

/**
 * Finds the options of an import cache in {@code plugins} of {@code config.json}: under its name, or else under one of
 * its aliases, so that a name from another version of the plugin goes on working.
 */
final class CacheOptions {

    private CacheOptions() {}

    /** The key under which the options stand; the cache's own name if there are none. */
    static String key(WorkerConfig settings, ImportCacheProvider caches) {
        if (settings.plugins().containsKey(caches.name())) {
            return caches.name();
        }
        return caches.aliases().stream()
                .filter(settings.plugins()::containsKey)
                .findFirst()
                .orElse(caches.name());
    }

    /** The JSON path of the options, for errors. */
    static String where(WorkerConfig settings, ImportCacheProvider caches) {
        return WorkerConfig.FILE + ": $.plugins." + key(settings, caches);
    }

    /** The options, which know where they stand. */
    static Options of(WorkerConfig settings, ImportCacheProvider caches) {
        return new Options(where(settings, caches), settings.pluginOptions(key(settings, caches)));
    }
}
