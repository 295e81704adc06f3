package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.function.Functions;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.status.CacheName;
import io.zygotes.core.status.WorkerDescription;
import io.zygotes.core.status.WorkerNumbers;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.ImportCache;
import java.util.Optional;

/** Wires what the worker counts and says of itself. */
public final class StatusModule extends AbstractModule {

    @Provides
    @Singleton
    Statistics statistics() {
        return new Statistics();
    }

    @Provides
    @Singleton
    WorkerNumbers numbers(
            Statistics statistics,
            SandboxPool pool,
            Functions functions,
            Optional<OutputLog> output,
            Optional<TraceLog> trace,
            ImportCache cache) {
        return new WorkerNumbers(statistics, pool, functions, output, trace, cache);
    }

    @Provides
    @Singleton
    WorkerDescription description(SandboxPool pool, Functions functions, ImportCache cache, CacheName name) {
        return new WorkerDescription(pool, functions, cache, name);
    }
}
