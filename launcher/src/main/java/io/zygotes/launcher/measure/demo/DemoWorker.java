package io.zygotes.launcher.measure.demo;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A worker in this process, called over HTTP like any other. */
final class DemoWorker implements Workplace.Running {

    private final Worker worker;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private DemoWorker(Worker worker) {
        this.worker = worker;
    }

    /** Starts a worker. */
    static DemoWorker start(WorkerDirectory directory, ImportCaches caches)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        Worker worker = Workers.make(directory, directory.config(), caches);
        worker.start();
        return new DemoWorker(worker);
    }

    /**
     * Calls a lambda.
     *
     * @return how long it took, in nanoseconds
     * @throws Failure if it fails
     */
    long call(DemoLambda lambda) throws Failure, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://localhost:" + worker.port() + "/run/" + lambda.name()))
                .POST(HttpRequest.BodyPublishers.ofString(lambda.event()))
                .build();
        long start = System.nanoTime();
        HttpResponse<String> response;
        try {
            response = client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new Failure("calling the lambda " + lambda.name() + " failed: " + e, e);
        }
        long nanos = System.nanoTime() - start;
        if (response.statusCode() != 200) {
            throw new Failure("the lambda " + lambda.name() + " answered with status " + response.statusCode() + ": "
                    + response.body().strip());
        }
        return nanos;
    }

    /** Ids of the zygotes that live. */
    Set<String> zygotes() {
        return worker.zygotes().stream().filter(Sandbox::alive).map(Sandbox::id).collect(Collectors.toSet());
    }

    void dropLeaves(DemoLambda lambda) {
        worker.leaves(lambda.name()).forEach(Sandbox::destroy);
    }

    void dropZygotes() {
        worker.zygotes().forEach(Sandbox::destroy);
    }

    /** Private memory of the lambda's leaf in bytes. */
    long privateBytes(DemoLambda lambda) throws Failure {
        List<Leaf> leaves =
                worker.leaves(lambda.name()).stream().filter(Sandbox::alive).toList();
        if (leaves.isEmpty()) {
            throw new Failure("the leaf of " + lambda.name() + " is gone, although nothing was to end it");
        }
        return leaves.getFirst().privateBytes();
    }

    CacheShape shape() {
        return worker.shape();
    }

    @Override
    public void close() {
        client.close();
        worker.close();
    }
}
