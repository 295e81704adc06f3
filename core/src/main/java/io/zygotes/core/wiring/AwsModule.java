package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.aws.EventQueue;
import io.zygotes.core.aws.MemoryEventQueue;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.AwsCalls;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaRegistry;
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
    AwsCalls calls(
            LambdaRegistry registry,
            Functions functions,
            EventQueue events,
            OutputTails output,
            Statistics statistics) {
        return new AwsCalls(new AwsApi(registry, functions::invoke, events, output), statistics);
    }
}
