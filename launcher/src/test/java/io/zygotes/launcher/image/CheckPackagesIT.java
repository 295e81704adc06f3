package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code check-packages} with packages from an index in a folder: one that is the same everywhere whatever it does, one
 * that no zygote can hold, and one that differs, so that the check is known to see something.
 */
class CheckPackagesIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Does what a fork has to carry over. */
    private static final String LIVELY = """
        import logging, os, random, socket, sys, tempfile, warnings

        os.environ["LIVELY"] = "yes"
        DICE = random.Random()
        FILE = open(__file__)
        logging.getLogger("lively").setLevel(logging.DEBUG)
        warnings.filterwarnings("ignore", category=UserWarning, module="lively")
        socket.setdefaulttimeout(30)
        sys.setrecursionlimit(2000)
        print("lively is imported")
        """;

    private static final String THREADS = """
        import threading
        threading.Thread(target=threading.Event().wait, name="watcher", daemon=True).start()
        """;

    /** The zygote that imports it is not the first of its pid namespace, a process without zygote is. */
    private static final String SEES = "import os\nFIRST = os.getpid() == 1\n";

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("CheckPackagesIT");
    }

    @Test
    void tellsWhatIsTheSameWhatIsUnfitAndWhatDiffers() throws Exception {
        Path index = Files.createDirectories(folder.resolve("index"));
        add(index, "lively", LIVELY);
        add(index, "watcher", THREADS);
        add(index, "sees", SEES);
        WorkerFolder settings = WorkerFolder.init(folder);
        settings.change(config -> config.put("pip_mirror", index.toUri().toString()));
        Path temporary = Files.createDirectory(folder.resolve("temporary"));

        Program.Ended ended = Program.runWithTemporary(
                folder,
                temporary,
                settings.arguments("check-packages", "--json", "lively", "watcher", "sees==1.0", "nowhere"));

        Map<String, JsonNode> rows = new HashMap<>();
        JSON.readTree(ended.out())
                .path("rows")
                .forEach(row -> rows.put(row.path("name").asText(), row));
        assertEquals(1, ended.exit(), ended.err());
        assertEquals("ON_PURPOSE", rows.get("lively").path("verdict").asText(), ended.out());
        for (JsonNode finding : rows.get("lively").path("findings")) {
            assertEquals("output of the import", finding.path("what").asText(), "printed by the zygote: " + finding);
        }
        assertEquals("[\"node\"]", rows.get("lively").path("zygotes").toString());
        assertEquals("UNFIT", rows.get("watcher").path("verdict").asText(), ended.out());
        assertTrue(rows.get("watcher").path("why").asText().contains("it starts threads (watcher)"), ended.out());
        assertEquals("DIFFERS", rows.get("sees").path("verdict").asText(), ended.out());
        assertTrue(
                rows.get("sees").path("findings").findValuesAsText("what").contains("attribute sees.FIRST"),
                ended.out());
        assertEquals("NOT_INSTALLED", rows.get("nowhere").path("verdict").asText(), ended.out());
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void wrongUsageIsSaidBeforeAnythingIsStarted() throws Exception {
        for (List<String> wrong : List.of(
                List.of("--top", "0"),
                List.of("--top", "501"),
                List.of("--skip", "3"),
                List.of("--top", "5", "numpy"),
                List.of("numpy>=2"))) {
            List<String> all =
                    Stream.concat(Stream.of("check-packages"), wrong.stream()).toList();
            assertEquals(2, Program.run(folder, all.toArray(String[]::new)).exit(), all.toString());
        }
    }

    /** Version 1.0 of a package with one module. */
    private static void add(Path index, String name, String code) throws IOException {
        Path files = Files.createDirectories(index.resolve(name));
        String wheel = name + "-1.0-py3-none-any.whl";
        String info = name + "-1.0.dist-info/";
        Map<String, String> contents = new LinkedHashMap<>();
        contents.put(name + ".py", code);
        contents.put(info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n");
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
    }
}
