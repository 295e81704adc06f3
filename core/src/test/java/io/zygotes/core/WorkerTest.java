package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.inject.Guice;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.fake.Eventually;
import io.zygotes.core.fake.FakeCache;
import io.zygotes.core.fake.FakeCaches;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanisms;
import io.zygotes.core.python.HostPython;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole worker over loopback; only the sandboxes are not real. */
@Timeout(60)
class WorkerTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final FakeMechanism mechanism = new FakeMechanism();
    private WorkerDirectory directory;
    private MechanismContext mechanismContext;
    private ImportCacheContext cacheContext;
    private FakeCache cache;
    private Worker worker;

    @BeforeEach
    void start() throws Exception {
        directory = WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
        configure(0);
        Path hello = Files.createDirectories(directory.path().resolve("registry/hello"));
        Files.writeString(hello.resolve("f.py"), "def f(event): return event\n");
        worker = worker();
        worker.start();
    }

    private void configure(int port) throws IOException {
        Files.writeString(
                directory.configFile(),
                "{\"worker_port\": " + port + ", \"mem_pool_mb\": 1000, \"max_waiting\": 3, \"registry_cache_ms\": 0,"
                        + " \"plugins\": {\"fake\": {\"size\": 7}}}");
    }

    private Worker worker() throws Exception {
        WorkerConfig config = directory.config();
        return Guice.createInjector(new CoreModule(directory, config, caches(), mechanisms()))
                .getInstance(Worker.class);
    }

    @AfterEach
    void close() {
        worker.close();
        client.close();
    }

    private FakeCaches caches() {
        return new FakeCaches("fake", context -> {
            cacheContext = context;
            if (context.options().integer("size", 0, 0, 10) != 7) {
                throw new ConfigException("here", "the options did not arrive");
            }
            context.options().finish();
            cache = new FakeCache(true);
            return cache;
        });
    }

    private FakeMechanisms mechanisms() {
        return new FakeMechanisms(context -> {
            mechanismContext = context;
            return mechanism;
        });
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + worker.port() + path);
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(uri(path))
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    private static String error(HttpResponse<String> response) throws Exception {
        return JSON.readTree(response.body()).path("error").asText();
    }

    /** Sends bytes as they are and returns all that comes back until the server closes. */
    private String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), worker.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void runsALambdaAndSaysHowItStarted() throws Exception {
        HttpResponse<String> first = post("/run/hello", "{\"a\": 1}");

        assertEquals(200, first.statusCode());
        assertEquals("\"leaf-2\"", first.body());
        assertEquals(
                "application/json", first.headers().firstValue("Content-Type").orElseThrow());
        assertEquals("cold", first.headers().firstValue("X-Zygotes-Start").orElseThrow());
        assertEquals("leaf-2", first.headers().firstValue("X-Zygotes-Sandbox").orElseThrow());
        assertEquals(
                "warm",
                post("/run/hello", "1").headers().firstValue("X-Zygotes-Start").orElseThrow());
    }

    @Test
    void aReloadTakesANewImportCacheWithItsOptionsAndAWrongOneChangesNothing() throws Exception {
        FakeCache first = cache;
        post("/run/hello", "1");
        Files.writeString(
                directory.configFile(), "{\"import_cache_tree\": \"t.json\", \"plugins\": {\"fake\": {\"size\": 7}}}");

        worker.reload(directory.config(), caches());

        FakeCache second = cache;
        assertTrue(first.closed);
        assertEquals(Optional.of("t.json"), cacheContext.importCacheTree());
        assertEquals(
                "warm",
                post("/run/hello", "1").headers().firstValue("X-Zygotes-Start").orElseThrow());

        Files.writeString(directory.configFile(), "{\"plugins\": {\"fake\": {\"size\": 11}}}");
        WorkerConfig wrong = directory.config();
        ConfigException error = assertThrows(ConfigException.class, () -> worker.reload(wrong, caches()));

        assertTrue(
                error.getMessage().contains("$.plugins.fake")
                        || error.getMessage().contains("here"),
                error.getMessage());
        assertFalse(second.closed);
        assertEquals(1L, worker.statistics().get("reloads"));
        assertEquals(200, post("/run/hello", "1").statusCode());
    }

    @Test
    void aWorkerThatDoesNotServeDoesNotReload() throws Exception {
        worker.close();
        WorkerConfig config = directory.config();

        assertThrows(IllegalStateException.class, () -> worker.reload(config, caches()));
    }

    @Test
    void theLambdaGetsMethodPathHeadersAndBody() throws Exception {
        mechanism.program = (leaf, call, timeout) -> FakeMechanism.reply("\"" + call.method() + " " + call.path() + " "
                + call.headers().get("x-mine") + " " + new String(call.body(), StandardCharsets.UTF_8) + "\"");

        HttpRequest request = HttpRequest.newBuilder(uri("/run/hello/a/b%20c?d=e&f"))
                .header("X-Mine", "m1")
                .header("X-Mine", "m2")
                .POST(BodyPublishers.ofString("é"))
                .build();
        assertEquals(
                "\"POST /a/b%20c?d=e&f m1, m2 é\"",
                client.send(request, BodyHandlers.ofString()).body());
        assertEquals("\"GET  null \"", get("/run/hello").body());
        assertEquals("\"GET ?x null \"", get("/run/hello?x").body());
    }

    @Test
    void theStatusOfTheLambdaIsPassedOn() throws Exception {
        mechanism.program = (leaf, call, timeout) -> new Reply(400, "{\"error\":\"not JSON\"}".getBytes());

        HttpResponse<String> response = post("/run/hello", "{");
        assertEquals(400, response.statusCode());
        assertEquals("not JSON", error(response));
    }

    @Test
    void everyFailureHasItsStatus() throws Exception {
        Map<SandboxException, Integer> failures = Map.of(
                new SandboxException.TimedOut("late"), 504,
                new SandboxException.OutOfMemory("much"), 502,
                new SandboxException.Died("killed", true), 502,
                new SandboxException.NoCapacity("full"), 429,
                new SandboxException.ZygoteGone("gone"), 503,
                new SandboxException.ImportFailed("f.py", "Traceback: x"), 500,
                new SandboxException("whatever"), 500);
        for (Map.Entry<SandboxException, Integer> failure : failures.entrySet()) {
            mechanism.program = (leaf, call, timeout) -> {
                throw failure.getKey();
            };
            HttpResponse<String> response = post("/run/hello", "1");
            assertEquals(
                    failure.getValue(), response.statusCode(), failure.getKey().toString());
            assertTrue(error(response).contains(failure.getKey().getMessage()), response.body());
            assertEquals(
                    failure.getKey() instanceof SandboxException.ImportFailed,
                    JSON.readTree(response.body()).path("traceback").asText().equals("Traceback: x"));
            assertEquals(
                    response.statusCode() == 429 || response.statusCode() == 503,
                    response.headers().firstValue("Retry-After").isPresent());
        }
    }

    @Test
    void anUnknownLambdaIsNotFoundAndAWrongNameIsABadRequest() throws Exception {
        HttpResponse<String> response = get("/run/nobody");
        assertEquals(404, response.statusCode());
        assertTrue(error(response).contains("'nobody'"), response.body());
        for (String name : new String[] {"", "%20", "a%2fb", "a%00", ".hidden", "a".repeat(300), "%zz", "h%C3%A9llo"}) {
            if (!name.equals("%zz")) {
                assertEquals(400, get("/run/" + name).statusCode(), name);
            }
        }
        assertTrue(raw("GET /run/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .startsWith("HTTP/1.1 400"));
        assertTrue(raw("GET /run/../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .startsWith("HTTP/1.1 4"));
    }

    @Test
    void aBrokenLambdaSaysWhatIsWrongWithIt() throws Exception {
        Files.createDirectories(directory.path().resolve("registry/empty"));

        HttpResponse<String> response = get("/run/empty");
        assertEquals(500, response.statusCode());
        assertTrue(error(response).contains("it has no file f.py"), response.body());
    }

    @Test
    void aMethodThatNoTriggerOfALambdaHasIsToldWithThoseThatItHas() throws Exception {
        Files.writeString(
                directory.path().resolve("registry/hello/ol.yaml"),
                "triggers:\n  http:\n    - method: PUT\n    - method: delete\n");

        HttpResponse<String> response = get("/run/hello");

        assertEquals(405, response.statusCode());
        assertEquals(List.of("PUT, DELETE"), response.headers().allValues("Allow"));
        assertEquals("lambda hello takes PUT, DELETE only, not GET (triggers.http in its ol.yaml)", error(response));
        assertEquals(0, mechanism.leaves.size(), "it was not called");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "DELETE", "PATCH", "OPTIONS"})
    void eachMethodReachesTheLambda(String method) throws Exception {
        mechanism.program = (leaf, call, timeout) -> FakeMechanism.reply("\"" + call.method() + "\"");
        HttpRequest request = HttpRequest.newBuilder(uri("/run/hello"))
                .method(method, BodyPublishers.noBody())
                .build();
        assertEquals(
                "\"" + method + "\"",
                client.send(request, BodyHandlers.ofString()).body());
    }

    @Test
    void statusHeaderAndBytesOfALambdaReachTheClientAndSoDoesTheIdOfTheCall() throws Exception {
        List<HeaderField> fields = List.of(
                new HeaderField("Content-Type", "image/png"),
                new HeaderField("Set-Cookie", "a=1"),
                new HeaderField("Set-Cookie", "b=2"));
        byte[] body = {0, (byte) 0xff, 13, 10};
        mechanism.program = (leaf, call, timeout) -> new Reply(
                call.origin().id().equals("mine/1") && call.origin().base().equals("/run/hello") ? 418 : 500,
                fields,
                body);
        HttpRequest request = HttpRequest.newBuilder(uri("/run/hello"))
                .header("X-Request-Id", "mine/1")
                .build();
        HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());

        assertEquals(418, response.statusCode());
        assertEquals(List.of("image/png"), response.headers().allValues("Content-Type"));
        assertEquals(List.of("a=1", "b=2"), response.headers().allValues("Set-Cookie"));
        assertEquals(List.of("mine/1"), response.headers().allValues("X-Request-Id"));
        assertArrayEquals(body, response.body());
    }

    @Test
    void theOtherPathsAnswer() throws Exception {
        post("/run/hello", "1");
        assertEquals("ready", get("/status").body().strip());
        assertEquals("[\"hello\"]", get("/registry/").body());
        assertEquals(404, get("/elsewhere").statusCode());
        assertEquals(405, post("/status", "").statusCode());
        String debug = get("/debug").body();
        assertTrue(debug.contains("hello: version ") && debug.contains("leaf of hello"), debug);

        JsonNode stats = JSON.readTree(get("/stats").body());
        assertEquals(1, stats.path("requests").asInt());
        assertEquals(1, stats.path("requests_2xx").asInt());
        assertEquals(1, stats.path("call_cold_count").asInt());
        assertEquals(1, stats.path("leaves_made").asInt());
        assertEquals(1, stats.path("cache_roots").asInt());
        assertEquals(1000L << 20, stats.path("memory_total_bytes").asLong());
        assertTrue(stats.path("memory_reserved_bytes").asLong() > 0);
        for (JsonNode number : stats) {
            assertTrue(number.isNumber(), stats.toString());
        }
    }

    @Test
    void headIsAnsweredAsGetIsWithoutTheBody() throws Exception {
        for (String path : List.of("/status", "/stats", "/debug", "/registry")) {
            HttpResponse<String> response =
                    client.send(HttpRequest.newBuilder(uri(path)).HEAD().build(), BodyHandlers.ofString());

            assertEquals(200, response.statusCode(), path);
            assertEquals("", response.body());
        }
    }

    @Test
    void whatIsBelowALambdasNameReachesItAsItWasSent() throws Exception {
        String[] seen = new String[1];
        mechanism.program = (leaf, call, timeout) -> {
            seen[0] = call.path();
            return FakeMechanism.reply("1");
        };

        String response = raw("GET /run/hello/a%2Fb//100%25?q=%2F HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        assertTrue(response.startsWith("HTTP/1.1 200"), response);
        assertEquals("/a%2Fb//100%25?q=%2F", seen[0]);
        assertEquals(400, get("/run/a%2Fb").statusCode());
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws Exception {
        byte[] tooLarge = new byte[(6 << 20) + 1];
        HttpRequest declared = HttpRequest.newBuilder(uri("/run/hello"))
                .POST(BodyPublishers.ofByteArray(tooLarge))
                .build();
        assertEquals(413, status(declared));
        HttpRequest chunked = HttpRequest.newBuilder(uri("/run/hello"))
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(tooLarge)))
                .build();
        assertEquals(413, status(chunked));
        HttpRequest largest = HttpRequest.newBuilder(uri("/run/hello"))
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(tooLarge, 0, 6 << 20)))
                .build();
        assertEquals(200, status(largest));
        assertEquals(1, mechanism.leaves.size(), "no leaf was made for what was refused");
    }

    /** The server may close before all of a body that it refuses is sent; then the client sees no status. */
    private int status(HttpRequest request) throws Exception {
        try {
            return client.send(request, BodyHandlers.ofString()).statusCode();
        } catch (IOException e) {
            return 413;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GARBAGE\r\n\r\n",
                "POST /run/hello HTTP/1.1\r\n\r\n",
                "POST /run/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "POST /run/hello HTTP/1.1\r\n"
                        + "Host: x\r\n"
                        + "Content-Length: 1\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n"
                        + "0\r\n\r\n",
                "POST /run/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "POST /run/he\0llo HTTP/1.1\r\nHost: x\r\n\r\n",
                "POST /run/hello HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"
            })
    void malformedRequestsReachNoLambda(String request) throws Exception {
        String response = raw(request);

        assertTrue(response.isEmpty() || response.matches("(?s)HTTP/1.1 [45].*"), response);
        assertTrue(mechanism.leaves.isEmpty());
        assertEquals(200, get("/status").statusCode());
    }

    @Test
    void headersWithoutEndAreRefused() throws Exception {
        String response = raw("GET /status HTTP/1.1\r\nHost: x\r\nX-Long: " + "x".repeat(20_000) + "\r\n\r\n");

        assertTrue(response.startsWith("HTTP/1.1 431"), response);
    }

    @Test
    void aConnectionIsClosedWhenTheClientAsksForIt() throws Exception {
        String response = raw("POST /run/hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1");

        assertTrue(response.startsWith("HTTP/1.1 200"), response);
        assertTrue(raw("GET /status HTTP/1.0\r\n\r\n").contains("ready"));
    }

    @Test
    void cacheAndMechanismGetWhatTheyNeed() throws Exception {
        assertEquals(directory.path(), mechanismContext.workerDirectory());
        // The program itself, so that no wrapper of a version manager is run for each sandbox mechanism that starts.
        assertEquals(HostPython.probe("python3").executable(), mechanismContext.python());
        assertEquals(directory.path(), cacheContext.workerDirectory());
        assertEquals(Optional.of(directory.path().resolve("import-cache/fake")), cacheContext.stateDirectory());
        assertEquals(Optional.of("default-zygotes-40.json"), cacheContext.importCacheTree());
        assertEquals(500, cacheContext.zygoteLimits().memMb());
        post("/run/hello", "1");
        assertEquals("leaf-2", cache.events.getLast().sandbox().id());
        mechanismContext.output().line("leaf-2", "hello", "printed");
        Eventually.holds(
                "it is written",
                () -> Files.readString(directory.path().resolve("logs/lambdas.log"))
                        .endsWith("leaf-2 hello | printed\n"));
        assertEquals(1, worker.leaves("hello").size());
        assertEquals(0, worker.leaves("other").size());
    }

    @Test
    void aRunningWorkerCanBeFoundAndASecondOneIsRefused() throws Exception {
        assertEquals(worker.port(), directory.running().orElseThrow().port());
        Worker second = worker();

        ConfigException e = assertThrows(ConfigException.class, second::start);

        assertTrue(e.getMessage().contains("a worker runs on this directory already"), e.getMessage());
        assertEquals("ready", get("/status").body().strip(), "the first one goes on");
    }

    @Test
    void aPortInUseIsSaidAtTheStartAndNothingIsLeft() throws Exception {
        worker.close();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            configure(taken.getLocalPort());
            worker = worker();
            ConfigException e = assertThrows(ConfigException.class, worker::start);
            assertTrue(e.getMessage().startsWith("config.json: $.worker_port: cannot listen"), e.getMessage());
        }
        assertEquals(Optional.empty(), directory.running());
    }

    @Test
    void aWorkerThatCannotStartIsEndedAsFarAsItGot() throws Exception {
        worker.close();
        Files.writeString(directory.configFile(), "{\"worker_port\": 0, \"plugins\": {\"fake\": {\"size\": 8}}}");
        worker = worker();

        assertThrows(ConfigException.class, worker::start);

        assertEquals(-1, worker.port());
        assertTrue(mechanism.closed, "the sandboxes were started before the import cache, which failed");
        assertEquals(Optional.empty(), directory.running());
        assertEquals(Optional.empty(), worker.shape().roots().stream().findAny());
        assertThrows(IllegalStateException.class, worker::start);
    }

    @Test
    void aMechanismThatCannotRuleTheNetworkIsNotStartedWithRules() throws Exception {
        worker.close();
        mechanism.lacksRules = Optional.of("there is no wall here");
        writeNetwork("internet");
        worker = worker();
        SandboxException e = assertThrows(SandboxException.class, worker::start);
        assertTrue(e.getMessage().contains("there is no wall here"), e.getMessage());
        assertTrue(e.getMessage().contains("set \"network\" to \"host\""), e.getMessage());
        assertTrue(mechanism.closed, "nothing of it is left");
        for (String word : List.of("host", "none")) {
            writeNetwork(word);
            worker = worker();
            worker.start();
            worker.close();
        }
    }

    private void writeNetwork(String word) throws IOException {
        ObjectNode config = (ObjectNode) JSON.readTree(directory.configFile().toFile());
        Files.writeString(
                directory.configFile(),
                config.put("network", word).put("worker_port", 0).toString());
    }

    @Test
    void whatTheNetworkRefusedIsInTheStatistics() throws Exception {
        assertEquals(3L, worker.statistics().get("network_refused"));
        assertEquals(2L, worker.statistics().get("network_refused_some_lambda"));
        assertEquals(1L, worker.statistics().get("network_refused_all_zygotes"));
    }

    @Test
    void aKeyWithoutEffectIsNamedAtTheStart() throws Exception {
        worker.close();
        Files.writeString(
                directory.configFile(),
                Files.readString(directory.configFile())
                        .replace("{\"worker_port\"", "{\"storage\": {\"code\": \"memory\"}, \"worker_port\""));
        List<String> lines = new CopyOnWriteArrayList<>();
        Logger log = Logger.getLogger(StartSequence.class.getName());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        log.addHandler(handler);
        try {
            worker = worker();
            worker.start();
        } finally {
            log.removeHandler(handler);
        }

        assertEquals(
                List.of("config.json: taken for OpenLambda's sake, and without effect here: storage.code"),
                lines.stream().filter(line -> line.contains("OpenLambda")).toList());
        assertFalse(mechanismContext.options().containsKey("storage"), "it goes nowhere");
    }

    @Test
    void closingLetsRunningRequestsEndAndFreesEverything() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        mechanism.program = (leaf, call, timeout) -> {
            running.countDown();
            goOn.await();
            return FakeMechanism.reply("\"done\"");
        };
        CompletableFuture<HttpResponse<String>> response =
                client.sendAsync(HttpRequest.newBuilder(uri("/run/hello")).build(), BodyHandlers.ofString());
        running.await();
        CompletableFuture<Void> closing = CompletableFuture.runAsync(worker::close);
        int port = worker.port();
        Eventually.holds("no new connection is taken", () -> refused(port));
        assertFalse(closing.isDone());
        goOn.countDown();

        assertEquals("\"done\"", response.get(30, TimeUnit.SECONDS).body());
        closing.get(30, TimeUnit.SECONDS);
        worker.close();

        assertTrue(cache.closed);
        assertTrue(mechanism.closed);
        assertEquals(0, mechanism.living());
        assertEquals(Optional.empty(), directory.running());
        assertEquals(0L, worker.statistics().get("memory_reserved_bytes"));
    }

    @Test
    void callsAreRecordedIfTheSettingsSaySo() throws Exception {
        post("/run/hello", "1");
        worker.close();
        Path record = directory.path().resolve("logs/trace.jsonl");
        assertFalse(Files.exists(record));
        Files.writeString(
                directory.configFile(),
                Files.readString(directory.configFile())
                        .replace("{\"worker_port\"", "{\"trace\": {\"package\": true}, \"worker_port\""));
        worker = worker();
        worker.start();

        post("/run/hello", "1");
        post("/run/hello", "1");
        assertEquals(0, JSON.readTree(get("/stats").body()).get("trace_lost").asInt());
        worker.close();

        List<String> lines = Files.readAllLines(record);
        assertEquals(
                JSON.readTree("{\"type\": \"function\", \"name\": \"hello\", \"deps\": []}"),
                JSON.readTree(lines.get(0)));
        assertEquals("cold", JSON.readTree(lines.get(1)).get("start").asText());
        assertEquals("warm", JSON.readTree(lines.get(2)).get("start").asText());
        assertEquals(3, lines.size());
    }

    private static boolean refused(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return !socket.isConnected();
        } catch (IOException e) {
            return true;
        }
    }
}
