package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.CallListener;
import io.zygotes.core.function.EagerZygotes;
import io.zygotes.core.function.Functions;
import io.zygotes.core.function.LeafSource;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.Interpreter;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import java.time.Duration;

/** Wires the lambdas: where their code comes from, where it is unpacked, and their work. */
public final class LambdaModule extends AbstractModule {

    @Provides
    @Singleton
    LambdaStore store(WorkerConfig config) {
        return LambdaStore.of(config);
    }

    @Provides
    @Singleton
    LambdaRegistry registry(WorkerConfig config, LambdaStore store, Interpreter python) {
        return new LambdaRegistry(
                store,
                config.stateFolder().resolve("code"),
                Duration.ofMillis(config.registryCacheMs()),
                config.limits(),
                config.network(),
                config.memPoolMb() / 2,
                () -> python.host().markers());
    }

    @Provides
    @Singleton
    LambdaUploads uploads(LambdaRegistry registry) {
        return LambdaUploads.ofWorker(registry);
    }

    @Provides
    @Singleton
    Functions functions(
            WorkerConfig config,
            LambdaRegistry registry,
            PackageStore packages,
            SandboxPool pool,
            LeafSource leaves,
            Statistics statistics,
            CallListener calls,
            OutputSink output) {
        return new Functions(
                registry,
                packages,
                pool,
                leaves,
                statistics,
                calls,
                config.stateFolder().resolve("byte-code"),
                output,
                config.maxWaiting(),
                Duration.ofSeconds(config.maxWaitSec()));
    }

    @Provides
    @Singleton
    EagerZygotes eagerZygotes(LambdaStore store, Functions functions) {
        return new EagerZygotes(store, functions);
    }
}
