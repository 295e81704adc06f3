package io.zygotes.core;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.CallListener;
import io.zygotes.core.function.LeafSource;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.status.CacheView;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.ConfigException;
import java.util.Locale;
import java.util.Optional;

/** Wires the import cache: which one is in use, how it is switched, and what it hears, of calls too. */
final class ImportCacheModule extends AbstractModule {

    @Override
    protected void configure() {
        bind(LeafSource.class).to(CurrentCache.class);
        bind(CacheView.class).to(ImportCacheSwitch.class);
    }

    @Provides
    @Singleton
    CurrentCache current(SandboxPool pool) throws ConfigException {
        return new CurrentCache(pool, sandboxes -> new NoCacheYet());
    }

    @Provides
    @Singleton
    EventRecorder recorder(
            Statistics statistics,
            PackageStore packages,
            SandboxPool pool,
            WorkerConfig config,
            Optional<TraceLog> record) {
        return new EventRecorder(statistics, packages, pool, config.trace(), record);
    }

    @Provides
    @Singleton
    CallEvents callEvents(CurrentCache current, Statistics statistics) {
        return new CallEvents(current, statistics);
    }

    @Provides
    CallListener calls(CallEvents events, Optional<TraceLog> trace) {
        return trace.<CallListener>map(log -> (code, start, nanos) -> {
                    log.call(
                            code.spec().lambda(),
                            code.version(),
                            code.spec().packages(),
                            nanos / 1e6,
                            start.name().toLowerCase(Locale.ROOT));
                    events.answered(code, start, nanos);
                })
                .orElse(events);
    }

    @Provides
    @Singleton
    ImportCacheSwitch choice(
            CurrentCache current, WorkerConfig config, SandboxPool pool, PackageStore packages, Statistics statistics) {
        return new ImportCacheSwitch(current, new ImportCacheFactory(config, pool, packages), statistics);
    }
}
