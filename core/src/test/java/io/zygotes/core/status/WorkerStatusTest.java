package io.zygotes.core.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Stage;
import io.zygotes.core.CoreModule;
import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.fake.FakeCache;
import io.zygotes.core.fake.FakeCaches;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanisms;
import io.zygotes.core.function.Functions;
import io.zygotes.spi.Invocation;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a worker says of itself, before it starts and while it serves. */
@Timeout(60)
class WorkerStatusTest {

    @TempDir
    Path folder;

    private Worker worker;
    private WorkerNumbers numbers;
    private WorkerDescription description;
    private Functions functions;

    @BeforeEach
    void make() throws Exception {
        WorkerDirectory directory =
                WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
        Files.writeString(
                directory.configFile(), "{\"worker_port\": 0, \"mem_pool_mb\": 1000, \"trace\": {\"package\": true}}");
        Files.writeString(
                Files.createDirectories(directory.path().resolve("registry/hello"))
                        .resolve("f.py"),
                "def f(event): return event\n");
        Injector injector = Guice.createInjector(
                Stage.PRODUCTION,
                new CoreModule(
                        directory,
                        directory.config(),
                        new FakeCaches("fake", context -> new FakeCache(true)),
                        new FakeMechanisms(context -> new FakeMechanism())));
        worker = injector.getInstance(Worker.class);
        numbers = injector.getInstance(WorkerNumbers.class);
        description = injector.getInstance(WorkerDescription.class);
        functions = injector.getInstance(Functions.class);
    }

    @AfterEach
    void close() {
        worker.close();
    }

    @Test
    void aWorkerThatHasNotStartedHasNumbersAndATextAsWell() {
        Map<String, Number> all = numbers.all();

        assertEquals(1000L << 20, all.get("memory_total_bytes"));
        assertEquals(0L, all.get("memory_reserved_bytes"));
        assertEquals(0, all.get("leaves"));
        assertFalse(all.containsKey("cache_roots"), "there is no import cache yet");
        assertTrue(description.text().startsWith("memory: 0 of 1000 MiB reserved, 0 wait\n"), description.text());
        assertTrue(description.text().endsWith("import cache ''\n"), description.text());
    }

    @Test
    void aWorkerThatServesSaysWhatItDid() throws Exception {
        worker.start();
        functions.invoke("hello", Invocation.post("1".getBytes()));

        Map<String, Number> all = numbers.all();
        assertEquals(1L, all.get("call_cold_count"));
        assertEquals(1, all.get("leaves"));
        assertEquals(1, all.get("cache_roots"));
        assertEquals(0L, all.get("trace_lost"));
        assertEquals(0L, all.get("output_lines_lost"));
        for (String name : all.keySet()) {
            assertTrue(name.matches("[a-z][a-z0-9_]*"), name);
        }
        assertTrue(
                description
                        .text()
                        .matches("(?s)memory: .* of 1000 MiB reserved, 0 wait\n\n"
                                + "lambdas\n  hello: version .*\n\n"
                                + "sandboxes\n  leaf-2 leaf of hello, 10240 KiB\n  zygote-1 zygote, 10240 KiB\n\n"
                                + "import cache 'fake'\n"),
                description.text());
    }

    @Test
    void whatIsCountedHasTheNamesOfOpenLambdaBesideOursAndStaysWhenTheWorkerEnds() throws Exception {
        worker.start();
        assertFalse(numbers.withOpenLambdas().containsKey("web-request.cnt"), "a name appears with its first use");
        HttpRequest call = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + worker.port() + "/run/hello"))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            assertEquals(200, client.send(call, BodyHandlers.ofString()).statusCode());
        }

        Map<String, Number> all = numbers.withOpenLambdas();
        assertEquals(1L, all.get("web-request.cnt"));
        assertTrue(all.get("web-request.ms-avg").longValue() >= 0);
        assertEquals(1L, all.get("ImportCache.Create.cnt"));
        assertEquals(2L, all.get("Create().cnt"), "a zygote and a leaf");
        assertEquals(1L, all.get("requests"));
        assertEquals(0L, all.get("packages_installed"));
        assertFalse(all.containsKey("pull-package.cnt"));

        Path file = folder.resolve("w/stats.json");
        assertFalse(Files.exists(file));
        worker.close();
        JsonNode last = new ObjectMapper().readTree(file.toFile());
        assertEquals(1, last.path("web-request.cnt").asInt());
        assertTrue(last.path("Destroy().cnt").asInt() >= 1, last.toString());
    }
}
