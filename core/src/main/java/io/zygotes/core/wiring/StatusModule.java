package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.function.Functions;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.status.CacheView;
import io.zygotes.core.status.WorkerDescription;
import io.zygotes.core.status.WorkerNumbers;
import io.zygotes.core.trace.TraceLog;
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
            PackageStore packages,
            Optional<OutputLog> output,
            Optional<TraceLog> trace,
            CacheView cache) {
        return new WorkerNumbers(statistics, pool, functions, packages, output, trace, cache);
    }

    @Provides
    @Singleton
    WorkerDescription description(SandboxPool pool, Functions functions, CacheView cache) {
        return new WorkerDescription(pool, functions, cache);
    }
}
