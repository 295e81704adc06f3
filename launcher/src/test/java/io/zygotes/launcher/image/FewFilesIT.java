package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker that may open few files. */
class FewFilesIT {

    /** Enough to start, and for some leaves. */
    private static final int MOST = 120;

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("FewFilesIT");
    }

    @AfterEach
    void stopWorker() throws Exception {
        Program.run(folder, "down", "-p", "worker");
    }

    private void install(String lambda) throws Exception {
        Path source = Files.createDirectories(folder.resolve(lambda));
        Files.writeString(
                source.resolve("f.py"), "import time\ndef f(event):\n    time.sleep(event)\n    return 'done'\n");
        Files.writeString(source.resolve("ol.yaml"), "limits: {mem_mb: 64}\n");
        Program.run(folder, "admin", "install", "-p", "worker", source.toString());
    }

    /** Starts the worker. Returns where lambdas are called. */
    private String start() throws Exception {
        ObjectMapper json = new ObjectMapper();
        Path settings = folder.resolve("worker/config.json");
        ObjectNode config = (ObjectNode) json.readTree(settings.toFile());
        config.put("worker_port", 0).put("mem_pool_mb", 2048);
        Files.writeString(settings, config.toString());
        Process up = new ProcessBuilder(
                        "sh",
                        "-c",
                        "ulimit -n " + MOST + "; exec \"$@\"",
                        "sh",
                        Program.IMAGE.resolve("bin/zygotes").toString(),
                        "up",
                        "-p",
                        "worker",
                        "-d")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertEquals(0, up.waitFor(), Files.readString(folder.resolve("log")));
        Program.Ended status = Program.run(folder, "status", "-p", "worker", "--json");
        return "http://localhost:" + json.readTree(status.out()).get("port").asInt() + "/run/";
    }

    @Test
    void moreLeavesThanThereAreFilesForAreRefusedWithTheReasonAndTheNextCallIsServed() throws Exception {
        Program.run(folder, "init", "-p", "worker");
        install("slow");
        URI run = URI.create(start() + "slow");
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                calls.add(client.sendAsync(call(run, "2"), HttpResponse.BodyHandlers.ofString()));
            }
            List<HttpResponse<String>> answers =
                    calls.stream().map(CompletableFuture::join).toList();
            List<String> refused = answers.stream()
                    .filter(answer -> Set.of(429, 503).contains(answer.statusCode()))
                    .map(HttpResponse::body)
                    .toList();
            assertTrue(!refused.isEmpty(), () -> answers.toString());
            assertTrue(answers.stream().anyMatch(answer -> answer.statusCode() == 200), () -> refused.toString());
            assertTrue(
                    refused.stream().allMatch(body -> body.contains("open files") && body.contains("LimitNOFILE")),
                    () -> refused.toString());
            assertThatOthersAreReadForTheFirstTime(client, run.resolve("."));
            for (int i = 0; i < 3; i++) {
                assertEquals(
                        "\"done\"",
                        client.send(call(run, "0"), HttpResponse.BodyHandlers.ofString())
                                .body());
            }
        }
    }

    /** Leaves at rest hold the files that are needed to read their code. */
    private void assertThatOthersAreReadForTheFirstTime(HttpClient client, URI run) throws Exception {
        for (String other : List.of("a", "b", "c", "d", "e", "f")) {
            Path code = Files.createDirectories(folder.resolve("worker/registry/" + other));
            Files.writeString(code.resolve("ol.yaml"), "limits: {mem_mb: 64}\n");
            Files.writeString(code.resolve("f.py"), "def f(event):\n    return 'other'\n");
            HttpResponse<String> answer =
                    client.send(call(run.resolve(other), "0"), HttpResponse.BodyHandlers.ofString());
            assertEquals("\"other\"", answer.body());
        }
    }

    private static HttpRequest call(URI run, String event) {
        return HttpRequest.newBuilder(run)
                .POST(HttpRequest.BodyPublishers.ofString(event))
                .build();
    }
}
