package io.zygotes.launcher.worker;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.image.Image;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** A worker in another process, seen over HTTP. */
public final class RunningWorker {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private final URI base;

    private RunningWorker(URI base) {
        this.base = base;
    }

    /**
     * The worker of a directory.
     *
     * @param directory its directory
     * @throws Failure if none runs or it is still starting
     * @throws ConfigException if the settings cannot be read
     * @throws IOException if the directory cannot be read
     */
    public static RunningWorker of(WorkerDirectory directory) throws Failure, ConfigException, IOException {
        WorkerDirectory.Running running = directory
                .running()
                .orElseThrow(() -> new Failure("no worker runs on " + directory.path() + "; start one with '"
                        + Image.command() + " up -p " + directory.path() + " -d'"));
        if (running.port() <= 0) {
            throw new Failure("the worker on " + directory.path() + " is still starting; try again in a moment");
        }
        return new RunningWorker(URI.create("http://" + host(directory.config().workerUrl()) + ":" + running.port()));
    }

    /** Where to connect for an address that a server is bound to. */
    private static String host(String bound) {
        return switch (bound) {
            case "", "0.0.0.0", "::" -> "localhost";
            default -> bound.contains(":") && !bound.startsWith("[") ? "[" + bound + "]" : bound;
        };
    }

    /** {@code http://HOST:PORT}. */
    public URI base() {
        return base;
    }

    /**
     * Whether it serves requests.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public boolean ready() throws InterruptedException {
        try {
            return get("/status", CONNECT_TIMEOUT).statusCode() == 200;
        } catch (IOException e) {
            // Not reachable is the answer to the question, not a failure.
            return false;
        }
    }

    private HttpResponse<String> get(String path, Duration timeout) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(base.resolve(path)).timeout(timeout).GET());
    }

    /**
     * Calls a lambda. Its own {@code runtime_sec} bounds the time, not this side.
     *
     * @param path the lambda's name, encoded for a URL
     * @param body the event, in JSON
     * @return whatever the worker answered, errors included
     * @throws IOException if the worker cannot be reached or goes away
     * @throws InterruptedException if the calling thread is interrupted
     */
    public HttpResponse<String> invoke(String path, byte[] body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(base.resolve("/run/" + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .build()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }
}
