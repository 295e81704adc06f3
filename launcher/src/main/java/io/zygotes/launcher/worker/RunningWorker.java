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
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A worker in another process, seen over HTTP. */
public final class RunningWorker {

    private static final System.Logger LOG = System.getLogger(RunningWorker.class.getName());
    /** A lambda's line in {@code /debug}, its name, and why it has no zygote of its own. */
    private static final Pattern WITHOUT_ZYGOTE =
            Pattern.compile("(?m)^  (\\S+): version .*?, no zygote of its own: (.*)$");

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

    /**
     * Lambdas that ask for a zygote of their own and have none, with the reason, as the worker's {@code /debug} has it;
     * none if it does not answer.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public Map<String, String> withoutOwnZygote() throws InterruptedException {
        Map<String, String> reasons = new TreeMap<>();
        try {
            HttpResponse<String> answer = get("/debug", CONNECT_TIMEOUT);
            Matcher found = WITHOUT_ZYGOTE.matcher(answer.statusCode() == 200 ? answer.body() : "");
            while (found.find()) {
                reasons.put(found.group(1), found.group(2));
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "the worker does not say how its lambdas are", e);
        }
        return reasons;
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
