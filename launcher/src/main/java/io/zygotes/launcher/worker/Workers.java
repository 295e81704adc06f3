package io.zygotes.launcher.worker;

import com.google.inject.Guice;
import com.google.inject.Stage;
import io.zygotes.core.CoreModule;
import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Mechanisms;
import io.zygotes.launcher.plugins.Plugin;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;

/** Makes workers. The only class of the launcher that knows Guice. */
public final class Workers {

    private Workers() {}

    /**
     * Wires a worker; starts nothing, but asks the Python that it names what it is.
     *
     * @param directory the worker directory
     * @param config its settings
     * @param caches the import caches to choose from
     * @throws ConfigException if the settings name an import cache or a mechanism that does not exist
     */
    public static Worker make(WorkerDirectory directory, WorkerConfig config, ImportCaches caches)
            throws ConfigException {
        String file = directory.configFile().toString();
        Plugin plugin = caches.byName(
                file + ": $.features.import_cache", config.features().importCache());
        return make(directory, config, plugin.provider(), Mechanisms.of(caches));
    }

    /**
     * Wires a worker with an import cache of the caller's, whatever the settings name; otherwise as the other one.
     *
     * @param directory the worker directory
     * @param config its settings
     * @param cache makes the import cache
     * @throws ConfigException if the settings name a mechanism that does not exist
     */
    public static Worker make(WorkerDirectory directory, WorkerConfig config, ImportCacheProvider cache)
            throws ConfigException {
        return make(directory, config, cache, Mechanisms.ofImage());
    }

    private static Worker make(
            WorkerDirectory directory, WorkerConfig config, ImportCacheProvider cache, Mechanisms mechanisms)
            throws ConfigException {
        SandboxMechanismProvider mechanism =
                mechanisms.byName(directory.configFile() + ": $.sandbox", config.sandbox());
        CoreModule module = new CoreModule(directory, config, cache, mechanism);
        module.askPython();
        return Guice.createInjector(Stage.PRODUCTION, module).getInstance(Worker.class);
    }

    /**
     * Lets a running worker switch to the import cache that the settings name. After an exception it goes on as before.
     *
     * @param worker a worker that serves
     * @param directory its directory
     * @param config the new settings
     * @param caches the import caches to choose from
     * @throws ConfigException if there is no such import cache, one of its options is wrong, or it fails to start
     */
    public static void reload(Worker worker, WorkerDirectory directory, WorkerConfig config, ImportCaches caches)
            throws ConfigException {
        String where = directory.configFile() + ": $.features.import_cache";
        worker.reload(
                config, caches.byName(where, config.features().importCache()).provider());
    }
}
