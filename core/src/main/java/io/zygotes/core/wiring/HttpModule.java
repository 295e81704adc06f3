package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.AwsCalls;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.http.LambdaCalls;
import io.zygotes.core.http.WorkerApi;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.status.WorkerDescription;
import io.zygotes.core.status.WorkerNumbers;

/** Wires the HTTP server and what it answers. */
public final class HttpModule extends AbstractModule {

    @Provides
    @Singleton
    HttpFront front(WorkerConfig config) {
        return new HttpFront(
                config.workerUrl(), config.workerPort(), config.bodies().maxRequestBytes());
    }

    @Provides
    @Singleton
    LambdaCalls calls(WorkerConfig config, Functions functions, Statistics statistics) {
        return new LambdaCalls(
                functions, statistics, config.trace().latency(), config.bodies().maxAnswerBytes());
    }

    @Provides
    @Singleton
    WorkerApi api(
            LambdaCalls calls, AwsCalls aws, LambdaStore store, WorkerNumbers numbers, WorkerDescription description) {
        return new WorkerApi(calls, aws, store, numbers::all, description::text);
    }
}
