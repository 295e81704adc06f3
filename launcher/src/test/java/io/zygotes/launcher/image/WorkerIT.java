package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    private Path directory;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("WorkerIT");
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        directory = folder.resolve("worker");
        assertEquals(0, run("init").exit());
        change(config -> config.put("worker_port", 0));
    }

    @AfterEach
    void stopWorker() throws Exception {
        run("down");
    }

    private interface Change {
        void apply(ObjectNode config);
    }

    private void change(Change change) throws IOException {
        Path file = directory.resolve("config.json");
        var config = (ObjectNode) JSON.readTree(file.toFile());
        change.apply(config);
        Files.writeString(file, config.toPrettyString());
    }

    private Program.Ended run(String command, String... more) throws IOException, InterruptedException {
        return Program.run(folder, arguments(command, more));
    }

    private String[] arguments(String command, String... more) {
        var all = new ArrayList<>(List.of(command.split(" ")));
        all.addAll(List.of("-p", directory.toString()));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private void install(String name, String code) throws IOException, InterruptedException {
        Path lambda = Files.createDirectories(folder.resolve("lambdas").resolve(name));
        Files.writeString(lambda.resolve("f.py"), code);
        assertEquals(0, run("admin install", lambda.toString()).exit());
    }

    private JsonNode status() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json").out());
    }

    @Test
    void aDetachedWorkerServesUntilItIsStopped() throws Exception {
        install("hello", "def f(event):\n    return {'hello': event['name']}\n");

        Program.Ended up = run("worker up", "-d");

        assertEquals(0, up.exit(), up.err());
        JsonNode status = status();
        assertEquals("ready", status.get("state").asText());
        assertTrue(up.out().contains("pid " + status.get("pid").asLong()), up.out());
        assertTrue(up.out().contains("port " + status.get("port").asInt()), up.out());
        Program.Ended answer = run("invoke", "hello", "{\"name\": \"you\"}");
        assertEquals(0, answer.exit(), answer.err());
        assertEquals(JSON.readTree("{\"hello\": \"you\"}"), JSON.readTree(answer.out()));

        assertEquals(0, run("worker down").exit());

        assertEquals("down", status().get("state").asText());
        // A zombie has no command line any more; who reaps it is up to process 1.
        assertEquals(Optional.empty(), ProcessHandle.of(status.get("pid").asLong())
                .flatMap(process -> process.info().commandLine()));
    }

    @Test
    void upMakesADirectoryThatIsMissing() throws Exception {
        directory = folder.resolve("another");

        // The default port may be taken on this machine; then the directory is made all the same.
        Program.Ended up = run("up", "-d");

        assertTrue(Files.isRegularFile(directory.resolve("config.json")), up.err());
        assertTrue(up.out().contains("made " + directory), up.out());
    }

    @Test
    void aSecondUpIsRefused() throws Exception {
        assertEquals(0, run("up", "-d").exit());

        for (String command : List.of("up", "up -d")) {
            Program.Ended second = run(command);

            assertEquals(1, second.exit());
            assertTrue(second.err().contains("already"), second.err());
        }
        assertEquals("ready", status().get("state").asText());
    }

    @Test
    void aWorkerInTheForegroundStopsCleanlyOnSigtermAndASecondSignalChangesNothing() throws Exception {
        try (Program.Running worker = Program.start(folder, arguments("up"))) {
            worker.awaitText(worker.out(), "ready: ");

            worker.process().destroy();
            worker.process().destroy();

            Program.Ended ended = worker.end();
            assertEquals(0, ended.exit(), ended.err());
            assertTrue(ended.out().endsWith("stopped\n"), ended.out());
        }
        assertEquals("down", status().get("state").asText());
    }

    @Test
    void aHangupMakesItReloadAndABadSettingLeavesItAsItWas() throws Exception {
        try (Program.Running worker = Program.start(folder, arguments("up"))) {
            worker.awaitText(worker.out(), "ready: ");

            change(config -> config.withObjectProperty("features").put("import_cache", "none"));
            hangUp(worker);
            worker.awaitText(worker.err(), "reloaded: import cache \"none\" instead of \"tree\"");
            change(config -> config.withObjectProperty("features").put("import_cache", "forest"));
            hangUp(worker);
            worker.awaitText(worker.err(), "not reloaded: ");
            change(config -> config.withObjectProperty("features").put("import_cache", ""));

            assertTrue(Files.readString(worker.err()).contains("\"forest\""), Files.readString(worker.err()));
            assertEquals("ready", status().get("state").asText());
            worker.process().destroy();
            assertEquals(0, worker.end().exit());
            assertFalse(Files.exists(directory.resolve("control.sock")));
            assertFalse(Files.readString(worker.err()).contains("Unsafe"), Files.readString(worker.err()));
        }
    }

    private static void hangUp(Program.Running worker) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-HUP", Long.toString(worker.process().pid())).start().waitFor());
    }

    @Test
    void aWorkerDirectoryWithAVeryLongPathCanBeReloaded() throws Exception {
        directory = folder.resolve("a-long-name-for-a-folder".repeat(8)).resolve("worker");
        assertEquals(0, run("init").exit());
        change(config -> config.put("worker_port", 0));
        install("hello", "def f(event):\n    return event\n");
        Program.Ended up = run("up", "-d");
        assertEquals(0, up.exit(), up.err());

        Program.Ended reload = run("reload");

        assertEquals(0, reload.exit(), reload.err());
        assertTrue(reload.out().contains("made anew"), reload.out());
        assertEquals("1", run("invoke", "hello", "1").out().strip());
    }

    @Test
    void aBrokenPluginThatWasNotChosenIsInTheLogAndStopsNobody() throws Exception {
        Files.writeString(folder.resolve("broken.jar"), "not a jar");

        Program.Ended up = run("up", "-d", "--plugin-path", folder.resolve("broken.jar").toString());

        assertEquals(0, up.exit(), up.err());
        String log = Files.readString(directory.resolve("worker.out"));
        assertTrue(log.contains("WARNING plugin not loaded: ") && log.contains("broken.jar: it cannot be read as a jar"), log);
    }

    @Test
    void itsPrivateSocketSpeaksHttp() throws Exception {
        assertEquals(0, run("up", "-d").exit());
        change(config -> config.withObjectProperty("features").put("import_cache", "none"));
        String request = "POST /admin/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        String answer;
        try (var socket = SocketChannel.open(UnixDomainSocketAddress.of(directory.resolve("control.sock")))) {
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
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            change(config -> config.put("worker_port", taken.getLocalPort()));

            Program.Ended up = run("up", "-d");

            assertEquals(1, up.exit());
            assertTrue(up.err().contains(String.valueOf(taken.getLocalPort())), up.err());
        }
    }

    @Test
    void aMalformedTreeIsNamedWithItsPlaceAndTheWorkerDoesNotStart() throws Exception {
        change(config -> config.put("import_cache_tree", "{\"packages\": [\"numpy\"], \"children\": []}"));

        Program.Ended up = run("up", "-d");

        assertEquals(1, up.exit());
        assertTrue(up.err().contains("import_cache_tree") && up.err().contains("$"), up.err());
    }

    @Test
    void theRecordOfAWorkerIsATraceThatATreeCanBeFittedTo() throws Exception {
        change(config -> config.withObjectProperty("trace").put("package", true));
        install("hello", "def f(event):\n    return event\n");
        assertEquals(0, run("up", "-d").exit());
        for (int i = 0; i < 3; i++) {
            assertEquals(0, run("invoke", "hello", "{}").exit());
        }
        assertEquals(0, run("down").exit());
        String trace = directory.resolve("logs/trace.jsonl").toString();
        String tree = folder.resolve("fitted.json").toString();

        Program.Ended fit = Program.run(folder, "tree", "fit", "--trace", trace, "--nodes", "3", "--out", tree);
        Program.Ended eval = Program.run(folder, "tree", "eval", "--trace", trace, "--tree", tree, "--json");

        assertEquals(0, fit.exit(), fit.err());
        assertEquals("", fit.err(), "nothing in it is malformed");
        assertEquals(3, JSON.readTree(eval.out()).get("calls").asInt());
    }

    @Test
    void aWorkerWithATreeThatLearnsServes() throws Exception {
        change(config -> config.put("import_cache_tree", "auto"));
        install("hello", "def f(event):\n    return event\n");
        assertEquals(0, run("up", "-d").exit());

        assertEquals(0, run("invoke", "hello", "{}").exit());
    }

    @Test
    void anAnswerThatIsAnErrorFailsTheInvocation() throws Exception {
        install("bad", "def f(event):\n    raise ValueError('no such thing')\n");
        assertEquals(0, run("up", "-d").exit());

        Program.Ended unknown = run("invoke", "nobody");
        Program.Ended raised = run("invoke", "bad");

        assertEquals(1, unknown.exit());
        assertTrue(unknown.err().contains("404"), unknown.err());
        assertEquals(1, raised.exit());
        assertTrue(raised.err().contains("no such thing"), raised.err());
    }
}
