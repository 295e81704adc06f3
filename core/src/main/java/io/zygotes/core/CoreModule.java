package io.zygotes.core;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.time.Duration;
import java.util.Objects;

/** Wires a {@link Worker} for one worker directory. Making it starts nothing. */
public final class CoreModule extends AbstractModule {

    /** How long a leaf is idle before it is frozen: longer than the pause between two requests of a busy client. */
    private static final Duration GRACE = Duration.ofMillis(5);

    private final WorkerDirectory directory;
    private final WorkerConfig config;
    private final ImportCacheProvider caches;
    private final SandboxMechanismProvider mechanisms;

    /**
     * @param directory the worker directory
     * @param config its settings
     * @param caches the import cache that {@code features.import_cache} names
     * @param mechanisms the mechanism that {@code sandbox} names
     */
    public CoreModule(
            WorkerDirectory directory,
            WorkerConfig config,
            ImportCacheProvider caches,
            SandboxMechanismProvider mechanisms) {
        this.directory = Objects.requireNonNull(directory);
        this.config = Objects.requireNonNull(config);
        this.caches = Objects.requireNonNull(caches);
        this.mechanisms = Objects.requireNonNull(mechanisms);
    }

    @Override
    protected void configure() {
        bind(WorkerDirectory.class).toInstance(directory);
        bind(WorkerConfig.class).toInstance(config);
        bind(ImportCacheProvider.class).toInstance(caches);
        bind(SandboxMechanismProvider.class).toInstance(mechanisms);
        bind(Statistics.class).toInstance(new Statistics());
        bind(Worker.class).in(Singleton.class);
    }

    /** Not for callers: Guice calls it. */
    @Provides
    @Singleton
    SandboxPool pool() {
        return new SandboxPool(
                (long) config.memPoolMb() << 20,
                config.features().downsizePausedMem(),
                GRACE,
                Duration.ofSeconds(config.installerLimits().runtimeSec()),
                config.spareLeaves());
    }

    /** Not for callers: Guice calls it. */
    @Provides
    @Singleton
    LambdaStore lambdas() {
        return new LambdaStore(config.registryFolder());
    }

    /** Not for callers: Guice calls it. */
    @Provides
    @Singleton
    HttpFront http() {
        return new HttpFront(config.workerUrl(), config.workerPort());
    }
}
