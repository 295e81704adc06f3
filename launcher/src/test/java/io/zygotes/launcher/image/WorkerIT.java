package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of a worker, from the command line of the image, with real sandboxes. */
class WorkerIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private WorkerFolder worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("WorkerIT");
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        worker = WorkerFolder.init(folder);
    }

    @AfterEach
    void stopWorker() throws Exception {
        worker.run("down");
    }

    @Test
    void aDetachedWorkerServesUntilItIsStopped() throws Exception {
        worker = new WorkerFolder(Program.IMAGE, folder, folder.resolve("made"));
        worker.ok("init");
        worker.change(config -> config.put("worker_port", 0));
        Path lambda = Files.createDirectory(folder.resolve("hello"));
        Files.writeString(lambda.resolve("f.py"), "def f(event):\n    return {'hello': event['name']}\n");
        worker.ok("admin install", lambda.toString());

        Program.Ended up = worker.run("worker up", "-d");

        assertEquals(0, up.exit(), up.err());
        JsonNode status = worker.status();
        assertEquals("ready", status.get("state").asText());
        assertTrue(up.out().contains("pid " + status.get("pid").asLong()), up.out());
        assertTrue(up.out().contains("port " + status.get("port").asInt()), up.out());
        Program.Ended answer = worker.run("invoke", "hello", "{\"name\": \"you\"}");
        assertEquals(0, answer.exit(), answer.err());
        assertEquals(JSON.readTree("{\"hello\": \"you\"}"), JSON.readTree(answer.out()));
        assertWhatIsInstalledIsCompiledBeforeAnyCall();

        worker.ok("worker down");

        assertEquals("down", worker.status().get("state").asText());
        // A zombie has no command line any more; who reaps it is up to process 1.
        assertEquals(
                Optional.empty(),
                ProcessHandle.of(status.get("pid").asLong())
                        .flatMap(process -> process.info().commandLine()));
    }

    @Test
    void aDetachedWorkerThatDoesNotStartIsToldWithTheReason() throws Exception {
        worker.change(config -> config.put("python", "no-such-python"));

        Program.Ended up = worker.run("up", "-d");

        assertEquals(1, up.exit(), up.out());
        assertTrue(up.err().contains("did not start"), up.err());
        assertTrue(up.err().contains("cannot run 'no-such-python'"), up.err());
        assertEquals("down", worker.status().get("state").asText());
    }

    /** With a file in a folder, and one that is no Python. */
    private void assertWhatIsInstalledIsCompiledBeforeAnyCall() throws Exception {
        Path lambda = Files.createDirectories(folder.resolve("ahead/part"));
        Files.writeString(lambda.resolve("more.py"), "VALUE = 42\n");
        Files.writeString(lambda.resolve("bad.py"), "no python\n");
        Files.writeString(
                lambda.resolveSibling("f.py"),
                "from part import more\n"
                        + "def f(event):\n"
                        + "    return [more.VALUE, more.__cached__, f.__code__.co_filename]\n");

        String said = worker.ok("install", "--wait", lambda.getParent().toString());

        assertTrue(said.contains("its packages are there"), said);
        List<String> compiled = List.of();
        for (int i = 0; i < 200 && compiled.size() < 2; i++) {
            Thread.sleep(50);
            compiled = byteCode(worker.path().resolve("code/ahead"));
        }
        assertEquals(List.of("f", "more"), compiled);
        JsonNode answer = JSON.readTree(worker.ok("invoke", "ahead", "1"));
        assertEquals(42, answer.get(0).asInt());
        assertTrue(answer.get(1).asText().startsWith("/handler/part/__pycache__/more."), answer.toString());
        assertEquals("/handler/f.py", answer.get(2).asText());
    }

    /** The modules that have byte code, sorted. */
    private static List<String> byteCode(Path code) throws IOException {
        if (!Files.exists(code)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(code)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".pyc") && !name.startsWith("."))
                    .map(name -> name.substring(0, name.indexOf('.')))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void manyLargeAnswersLeaveNoMemoryTakenOutsideOfJavas() throws Exception {
        worker.install("large", "def f(event):\n    return 'x' * 8_000_000\n", "");
        worker.ok("worker up", "-d");
        URI lambda = URI.create("http://127.0.0.1:" + worker.port() + "/run/large");
        try (HttpClient client = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newFixedThreadPool(100)) {
            List<Future<Long>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                answers.add(threads.submit(() -> {
                    HttpRequest request = HttpRequest.newBuilder(lambda)
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build();
                    try (InputStream body = client.send(request, HttpResponse.BodyHandlers.ofInputStream())
                            .body()) {
                        return body.transferTo(OutputStream.nullOutputStream());
                    }
                }));
            }
            for (Future<Long> answer : answers) {
                answer.get();
            }
        }
        String state = Files.readString(Path.of("/proc/" + worker.pid() + "/status"));
        long resident = Long.parseLong(state.replaceAll("(?s).*VmRSS:\\s+(\\d+) kB.*", "$1")) >> 10;
        // Java's own memory is 512 MiB; the rest is for its code, its threads and the kernel's view of the cached
        // classes.
        assertTrue(resident < 1100, resident + " MiB");
    }

    @Test
    void upMakesADirectoryThatIsMissing() throws Exception {
        worker = new WorkerFolder(Program.IMAGE, folder, folder.resolve("another"));

        // The default port may be taken on this machine; then the directory is made all the same.
        Program.Ended up = worker.run("up", "-d");

        assertTrue(Files.isRegularFile(worker.path().resolve("config.json")), up.err());
        assertTrue(up.out().contains("made " + worker.path()), up.out());
    }

    @Test
    void aSecondUpIsRefused() throws Exception {
        worker.ok("up", "-d");

        for (String command : List.of("up", "up -d")) {
            Program.Ended second = worker.run(command);

            assertEquals(1, second.exit());
            assertTrue(second.err().contains("already"), second.err());
        }
        assertEquals("ready", worker.status().get("state").asText());
    }

    @Test
    void aWorkerInTheForegroundStopsCleanlyOnSigtermAndASecondSignalChangesNothing() throws Exception {
        try (Program.Running up = Program.start(folder, worker.arguments("up"))) {
            up.awaitText(up.out(), "ready: ");

            up.process().destroy();
            up.process().destroy();

            Program.Ended ended = up.end();
            assertEquals(0, ended.exit(), ended.err());
            assertTrue(ended.out().endsWith("stopped\n"), ended.out());
        }
        assertEquals("down", worker.status().get("state").asText());
    }

    @Test
    void aHangupMakesItReloadAndABadSettingLeavesItAsItWas() throws Exception {
        try (Program.Running up = Program.start(folder, worker.arguments("up"))) {
            up.awaitText(up.out(), "ready: ");

            worker.change(config -> config.withObjectProperty("features").put("import_cache", "none"));
            hangUp(up);
            up.awaitText(up.err(), "reloaded: import cache \"none\" instead of \"tree\"");
            worker.change(config -> config.withObjectProperty("features").put("import_cache", "forest"));
            hangUp(up);
            up.awaitText(up.err(), "not reloaded: ");
            worker.change(config -> config.withObjectProperty("features").put("import_cache", ""));

            assertTrue(Files.readString(up.err()).contains("\"forest\""), Files.readString(up.err()));
            assertEquals("ready", worker.status().get("state").asText());
            up.process().destroy();
            assertEquals(0, up.end().exit());
            assertFalse(Files.exists(worker.path().resolve("control.sock")));
            assertFalse(Files.readString(up.err()).contains("Unsafe"), Files.readString(up.err()));
        }
    }

    private static void hangUp(Program.Running up) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-HUP", Long.toString(up.process().pid()))
                        .start()
                        .waitFor());
    }

    @Test
    void aWorkerDirectoryWithAVeryLongPathCanBeReloaded() throws Exception {
        worker = WorkerFolder.init(Program.IMAGE, folder, "a-long-name-for-a-folder".repeat(8) + "/worker");
        worker.install("hello", "def f(event):\n    return event\n", "");
        Program.Ended up = worker.run("up", "-d");
        assertEquals(0, up.exit(), up.err());

        Program.Ended reload = worker.run("reload");

        assertEquals(0, reload.exit(), reload.err());
        assertTrue(reload.out().contains("made anew"), reload.out());
        assertEquals("1", worker.run("invoke", "hello", "1").out().strip());
    }

    @Test
    void aBrokenPluginThatWasNotChosenIsInTheLogAndStopsNobody() throws Exception {
        Files.writeString(folder.resolve("broken.jar"), "not a jar");

        Program.Ended up = worker.run(
                "up", "-d", "--plugin-path", folder.resolve("broken.jar").toString());

        assertEquals(0, up.exit(), up.err());
        String log = Files.readString(worker.path().resolve("worker.out"));
        assertTrue(
                log.contains("WARNING plugin not loaded: ") && log.contains("broken.jar: it cannot be read as a jar"),
                log);
    }

    @Test
    void itsPrivateSocketSpeaksHttp() throws Exception {
        worker.ok("up", "-d");
        worker.change(config -> config.withObjectProperty("features").put("import_cache", "none"));
        String request =
                "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        String answer;
        try (SocketChannel socket =
                SocketChannel.open(UnixDomainSocketAddress.of(worker.path().resolve("control.sock")))) {
            socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            answer = new String(Channels.newInputStream(socket).readAllBytes(), StandardCharsets.UTF_8);
        }

        assertTrue(answer.startsWith("HTTP/1.1 200 OK"), answer);
        JsonNode body = JSON.readTree(answer.substring(answer.indexOf("\r\n\r\n")));
        assertEquals("none", body.get("import_cache").asText());
        assertEquals("tree", body.get("before").asText());
        assertFalse(body.get("restart_needed").asBoolean());
    }

    @Test
    void aPortThatIsTakenIsNamedAndTheWorkerDoesNotStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            worker.change(config -> config.put("worker_port", taken.getLocalPort()));

            Program.Ended up = worker.run("up", "-d");

            assertEquals(1, up.exit());
            assertTrue(up.err().contains(String.valueOf(taken.getLocalPort())), up.err());
        }
    }

    @Test
    void aMalformedTreeIsNamedWithItsPlaceAndTheWorkerDoesNotStart() throws Exception {
        worker.change(config -> config.put("import_cache_tree", "{\"packages\": [\"numpy\"], \"children\": []}"));

        Program.Ended up = worker.run("up", "-d");

        assertEquals(1, up.exit());
        assertTrue(up.err().contains("import_cache_tree") && up.err().contains("$"), up.err());
    }

    @Test
    void theRecordOfAWorkerIsATraceThatATreeCanBeFittedTo() throws Exception {
        worker.change(config -> config.withObjectProperty("trace").put("package", true));
        worker.install("hello", "def f(event):\n    return event\n", "");
        worker.ok("up", "-d");
        for (int i = 0; i < 3; i++) {
            worker.ok("invoke", "hello", "{}");
        }
        worker.ok("down");
        String trace = worker.path().resolve("logs/trace.jsonl").toString();
        String tree = folder.resolve("fitted.json").toString();

        Program.Ended fit = Program.run(folder, "tree", "fit", "--trace", trace, "--nodes", "3", "--out", tree);
        Program.Ended eval = Program.run(folder, "tree", "eval", "--trace", trace, "--tree", tree, "--json");

        assertEquals(0, fit.exit(), fit.err());
        assertEquals("", fit.err(), "nothing in it is malformed");
        assertEquals(3, JSON.readTree(eval.out()).get("calls").asInt());
    }

    @Test
    void aWorkerWithATreeThatLearnsServes() throws Exception {
        worker.change(config -> config.put("import_cache_tree", "auto"));
        worker.install("hello", "def f(event):\n    return event\n", "");
        worker.ok("up", "-d");

        worker.ok("invoke", "hello", "{}");
    }

    @Test
    void anAnswerThatIsAnErrorFailsTheInvocation() throws Exception {
        worker.install("bad", "def f(event):\n    raise ValueError('no such thing')\n", "");
        worker.ok("up", "-d");

        Program.Ended unknown = worker.run("invoke", "nobody");
        Program.Ended raised = worker.run("invoke", "bad");

        assertEquals(1, unknown.exit());
        assertTrue(unknown.err().contains("404"), unknown.err());
        assertEquals(1, raised.exit());
        assertTrue(raised.err().contains("no such thing"), raised.err());
    }

    private void installWithZygote(String name, String code, String zygote) throws Exception {
        Path settings = Files.createDirectories(folder.resolve("lambdas").resolve(name));
        Files.writeString(settings.resolve("ol.yaml"), "zygote: " + zygote + "\n");
        worker.install(name, code, "");
    }

    @Test
    void aFunctionIsForkedAfterItsImportAndOneThatCannotBeIsTold() throws Exception {
        installWithZygote("counts", """
            calls = []
            def f(event):
                calls.append(event)
                return calls
            """, "{eager: true, event: [warm]}");
        installWithZygote("busy", """
            import threading
            threading.Timer(600, print).start()
            def f(event): return "served"
            """, "{eager: true}");
        worker.ok("up", "-d");
        String base = "http://localhost:" + worker.status().get("port").asInt();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest call = HttpRequest.newBuilder(URI.create(base + "/run/counts"))
                    .POST(HttpRequest.BodyPublishers.ofString("1"))
                    .build();
            HttpRequest debug =
                    HttpRequest.newBuilder(URI.create(base + "/debug")).build();
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!client.send(debug, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .contains(", own zygote zygote-")) {
                assertTrue(System.nanoTime() < until, "the zygote is made before the first call");
                Thread.sleep(50);
            }
            HttpResponse<String> first = client.send(call, HttpResponse.BodyHandlers.ofString());
            assertEquals(
                    "function", first.headers().firstValue("X-Zygotes-Start").orElseThrow());
            assertEquals(JSON.readTree("[[\"warm\"], 1]"), JSON.readTree(first.body()));
        }
        assertEquals("served", JSON.readTree(worker.ok("invoke", "busy", "{}")).asText());
        String reason = worker.status().at("/without_own_zygote/busy").asText();
        assertTrue(reason.startsWith("it starts threads (Thread-"), reason);
        assertTrue(worker.ok("status").contains("lambda busy has no zygote of its own: it starts threads"), reason);
        String log = Files.readString(worker.path().resolve("logs/lambdas.log"));
        assertTrue(log.contains(" busy | this version is served without a zygote of its own: it starts thr"), log);
    }
}
