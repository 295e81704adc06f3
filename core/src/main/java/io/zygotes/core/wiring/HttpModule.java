package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.Administrators;
import io.zygotes.core.http.AwsCalls;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.http.LambdaCalls;
import io.zygotes.core.http.PrivateFront;
import io.zygotes.core.http.RegistryApi;
import io.zygotes.core.http.UploadFolder;
import io.zygotes.core.http.WorkerApi;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaUploads;
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
    Administrators administrators(WorkerConfig config) {
        return new Administrators(config.adminTokenFile());
    }

    @Provides
    @Singleton
    UploadFolder uploadFolder(WorkerConfig config) {
        return new UploadFolder(config.stateFolder().resolve("uploads"), (long) config.maxUploadMb() << 20);
    }

    @Provides
    @Singleton
    RegistryApi registryApi(
            LambdaRegistry registry,
            LambdaUploads uploads,
            UploadFolder folder,
            Administrators administrators,
            Functions functions) {
        return new RegistryApi(registry, uploads, folder, administrators, functions::prepare);
    }

    @Provides
    @Singleton
    PrivateFront privateFront(WorkerConfig config, WorkerApi api) {
        return new PrivateFront(api, config.bodies().maxRequestBytes());
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
            LambdaCalls calls,
            RegistryApi registry,
            AwsCalls aws,
            WorkerNumbers numbers,
            WorkerDescription description) {
        return new WorkerApi(calls, registry, aws, numbers::all, description::text);
    }
}
