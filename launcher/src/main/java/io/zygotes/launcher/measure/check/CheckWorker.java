package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.Worker;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandbox;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A worker in this process under one strategy, which is called over HTTP. Safe for use by many threads. */
final class CheckWorker implements Workplace.Running {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    /** A line that was printed is in the log a moment later. */
    private static final int LOOKS = 20;

    private static final long BETWEEN_LOOKS_MILLIS = 100;

    private final Worker worker;
    private final Tap tap;
    private final Path output;
    private final HttpClient client = HttpClient.newHttpClient();

    /**
     * @param worker a worker that serves
     * @param tap stands before its import cache
     * @param output the file in which it keeps what lambdas print
     */
    CheckWorker(Worker worker, Tap tap, Path output) {
        this.worker = worker;
        this.tap = tap;
        this.output = output;
    }

    Packages packages() {
        return tap.packages();
    }

    /** Calls a lambda with these events, one after the other, up to one that fails. */
    Observation observe(String lambda, List<String> events) throws InterruptedException {
        List<JsonNode> answers = new ArrayList<>();
        for (String event : events) {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://localhost:" + worker.port() + "/run/" + lambda))
                    .timeout(PATIENCE)
                    .POST(HttpRequest.BodyPublishers.ofString(event))
                    .build();
            try {
                HttpResponse<String> response =
                        client.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
                if (response.statusCode() != 200) {
                    return new Observation(
                            answers,
                            Optional.of("status " + response.statusCode() + " "
                                    + response.body().strip()));
                }
                answers.add(JSON.readTree(response.body()));
            } catch (IOException e) {
                return new Observation(answers, Optional.of("no answer: " + e));
            }
        }
        return new Observation(answers, Optional.empty());
    }

    /** Ends the leaves of a lambda; the next call makes a new one. */
    void drop(String lambda) {
        worker.leaves(lambda).forEach(Sandbox::destroy);
    }

    /** Whether all lines of a text were printed by any sandbox. */
    boolean printed(String text) throws IOException, InterruptedException {
        List<String> lines = text.lines()
                .map(line -> line.strip().replace("\\", "\\\\"))
                .filter(line -> !line.isEmpty())
                .toList();
        for (int look = 0; look < LOOKS; look++) {
            String log = Files.exists(output) ? Files.readString(output) : "";
            if (lines.stream().allMatch(log::contains)) {
                return true;
            }
            Thread.sleep(BETWEEN_LOOKS_MILLIS);
        }
        return false;
    }

    @Override
    public void close() {
        client.close();
        worker.close();
    }
}
