package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.aws.AwsAccess;
import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.aws.EventQueue;
import io.zygotes.core.aws.MemoryEventQueue;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.AwsCalls;
import io.zygotes.core.http.LambdaCalls;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.python.Interpreter;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.statistics.Statistics;

/** Wires the interface of AWS Lambda. */
public final class AwsModule extends AbstractModule {

    @Provides
    @Singleton
    EventQueue events(Functions functions, OutputTails output) {
        return new MemoryEventQueue(functions::invoke, output);
    }

    @Provides
    @Singleton
    AwsApi api(
            WorkerConfig config,
            LambdaRegistry registry,
            LambdaUploads uploads,
            Functions functions,
            EventQueue events,
            OutputTails output,
            Interpreter python) {
        AwsAccess access =
                new AwsAccess(config.aws().credentials(), config.aws().region());
        return new AwsApi(
                access,
                config.stateFolder().resolve("aws"),
                registry,
                uploads,
                functions::invoke,
                functions.concurrency(),
                events,
                output,
                () -> "python" + python.host().markers().get("python_version"));
    }

    @Provides
    @Singleton
    AwsCalls calls(AwsApi api, LambdaCalls lambdas, Statistics statistics) {
        return new AwsCalls(api, lambdas, statistics);
    }
}
