package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.status.CacheView;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheProvider;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;

/**
 * Chooses the import cache: the first one when the worker starts, and another one with each reload. One thread at a
 * time switches; any thread may ask for the name.
 */
final class ImportCacheSwitch implements CacheView {

    private static final Logger LOG = System.getLogger(ImportCacheSwitch.class.getName());

    private final CurrentCache current;
    private final ImportCacheFactory factory;
    private final Statistics statistics;
    private volatile String name = "";

    /**
     * @param current the cache in use, which is replaced
     * @param factory makes caches
     * @param statistics counts reloads
     */
    ImportCacheSwitch(CurrentCache current, ImportCacheFactory factory, Statistics statistics) {
        this.current = current;
        this.factory = factory;
        this.statistics = statistics;
    }

    /**
     * Takes the first cache into use.
     *
     * @throws ConfigException as {@link ImportCacheFactory#make}
     */
    void start(WorkerConfig settings, ImportCacheProvider caches) throws ConfigException {
        replace(settings, caches);
    }

    /**
     * Switches to another cache. When this returns, new leaves come from it. After an exception everything goes on as
     * before.
     *
     * @throws ConfigException as {@link ImportCacheFactory#make}
     */
    void reload(WorkerConfig settings, ImportCacheProvider caches) throws ConfigException {
        String before = name;
        replace(settings, caches);
        LOG.log(Level.INFO, "import cache '" + name + "' replaces '" + before + "'");
        statistics.count(StatisticNames.RELOADS);
    }

    private void replace(WorkerConfig settings, ImportCacheProvider caches) throws ConfigException {
        current.replace(sandboxes -> factory.make(caches, settings, sandboxes));
        name = caches.name();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public CacheShape shape() {
        return current.shape();
    }

    @Override
    public Map<String, Number> statistics() {
        return current.statistics();
    }
}
