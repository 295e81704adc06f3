package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The example of a third party's plugin: tested with the test kit, dropped into a finished image, at work. */
class ExamplePluginIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Logger PLUGIN_LOG = Logger.getLogger("com.example.zygotes.recent");

    @TempDir
    Path folder;

    private WorkerFolder worker;

    @Test
    void itPassesItsOwnTestsAndTheContractSuite() throws Exception {
        // The suite provokes many warnings on purpose.
        PLUGIN_LOG.setLevel(Level.OFF);
        SummaryGeneratingListener summary = new SummaryGeneratingListener();
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
        new ExamplePlugin(folder).tests().forEach(test -> request.selectors(DiscoverySelectors.selectClass(test)));

        LauncherFactory.create().execute(request.build(), summary);

        assertEquals(
                List.of(),
                summary.getSummary().getFailures().stream()
                        .map(failure -> failure.getTestIdentifier().getDisplayName() + ": " + failure.getException())
                        .toList());
        assertTrue(
                summary.getSummary().getTestsSucceededCount() > 20,
                () -> "ran " + summary.getSummary().getTestsSucceededCount());
    }

    @Test
    void droppedIntoTheImageItServesLambdasFromItsZygotes() throws Exception {
        Machine.require("ExamplePluginIT");
        Path image = folder.resolve("image");
        run("cp", "-a", Program.IMAGE.toString(), image.toString());
        Files.createDirectories(image.resolve("plugins"));
        Files.copy(
                new ExamplePlugin(Files.createDirectory(folder.resolve("work"))).jar(),
                image.resolve("plugins/recent.jar"));
        worker = WorkerFolder.init(image, folder, "worker");
        configure("recent", "{\"max_zygotes\": 3, \"max_age_sec\": 900}");
        Path index = index("tiny", "1.0", "VALUE = 42\n");
        worker.change(config -> config.put("pip_mirror", index.toUri().toString()));
        worker.install("hello", "def f(event):\n    return event\n", "");
        worker.install("answer", "import tiny\n\ndef f(event):\n    return tiny.VALUE\n", "tiny==1.0\n");
        // Another lambda with the same packages: it is the first one's zygote that serves it.
        worker.install("question", "import tiny\n\ndef f(event):\n    return tiny.VALUE / 7\n", "tiny==1.0\n");

        worker.ok("up", "-d");
        try {
            assertEquals("{\"a\": 1}", answer("hello", "{\"a\": 1}"));
            assertEquals("42", answer("answer", "{}"));
            assertEquals("6.0", answer("question", "{}"));

            JsonNode stats = JSON.readTree(get("/stats"));
            assertEquals(2, stats.get("cache_sets").asInt(), stats.toString());
            assertEquals(2, stats.get("cache_zygotes_made").asInt(), stats.toString());
            assertEquals(3, stats.get("cache_leaves_from_zygotes").asInt(), stats.toString());
            assertEquals(0, stats.get("cache_leaves_fresh").asInt(), stats.toString());
            assertTrue(get("/debug").contains("tiny==1.0 *"), get("/debug"));

            switchesWhileItServes();
        } finally {
            worker.ok("down");
        }
        JsonNode plugins = JSON.readTree(worker.ok("plugins", "--json"));
        assertEquals("recent", plugins.get("chosen").asText());
        assertEquals(0, plugins.get("broken").size(), plugins.toString());

        configure("recent", "{\"max_zygotes\": 0}");
        Program.Ended refused = worker.run("up", "-d");
        assertEquals(1, refused.exit());
        assertTrue(refused.err().contains("$.plugins.recent: max_zygotes is 0"), refused.err());
    }

    /** To the built-in strategy without zygotes and back, with a setting in between that is wrong. */
    private void switchesWhileItServes() throws Exception {
        configure("none", "{}");
        String answer = worker.ok("reload");
        assertTrue(answer.contains("\"none\" instead of \"recent\""), answer);
        String debug = get("/debug");
        assertTrue(debug.contains("import cache 'none'") || debug.contains("import cache ''"), debug);
        assertFalse(debug.contains(" zygote"), debug);
        assertEquals("42", answer("answer", "{}"));

        configure("recent", "{\"max_zygotes\": 0}");
        Program.Ended refused = worker.run("reload");
        assertEquals(1, refused.exit());
        assertTrue(
                refused.err().contains("goes on as before") && refused.err().contains("max_zygotes is 0"),
                refused.err());
        assertTrue(get("/debug").contains("leaf of answer"), get("/debug"));

        configure("recent", "{\"max_zygotes\": 3}");
        worker.ok("reload");
        worker.install("third", "import tiny\n\ndef f(event):\n    return tiny.VALUE + 1\n", "tiny==1.0\n");
        assertEquals("43", answer("third", "{}"));
        JsonNode stats = JSON.readTree(get("/stats"));
        assertEquals(2, stats.get("reloads").asInt(), stats.toString());
        assertEquals(1, stats.get("cache_leaves_from_zygotes").asInt(), stats.toString());
    }

    private void configure(String cache, String options) throws IOException {
        JsonNode read = JSON.readTree(options);
        worker.change(config -> {
            config.withObject("/features").put("import_cache", cache);
            config.withObject("/plugins").set(cache, read);
        });
    }

    /** A package index in a folder with one pure Python package, so that nothing is downloaded. */
    private Path index(String name, String version, String code) throws IOException {
        Path simple = folder.resolve("index/simple");
        Path files = Files.createDirectories(simple.resolve(name));
        String wheel = name + "-" + version + "-py3-none-any.whl";
        String info = name + "-" + version + ".dist-info/";
        Map<String, String> contents = new LinkedHashMap<>();
        contents.put(name + ".py", code);
        contents.put(info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n");
        contents.put(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
        contents.put(
                info + "RECORD", name + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(files.resolve(wheel)))) {
            for (Map.Entry<String, String> entry : contents.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        Files.writeString(files.resolve("index.html"), "<!DOCTYPE html><a href=\"" + wheel + "\">" + wheel + "</a>\n");
        return simple;
    }

    private String answer(String lambda, String event) throws IOException, InterruptedException {
        return worker.ok("invoke", lambda, event).strip();
    }

    private String get(String path) throws IOException, InterruptedException {
        int port = worker.status().get("port").asInt();
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://localhost:" + port + path);
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
    }
}
