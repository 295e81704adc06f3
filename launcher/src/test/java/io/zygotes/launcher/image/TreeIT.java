package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Costs measured and traces made again, with real packages. No time is compared with another. */
class TreeIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> SHARES = List.of("warm_share", "hit_share", "cold_share");

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("TreeIT");
    }

    private Program.Ended run(String... arguments) throws Exception {
        Path temporary = Files.createDirectories(folder.resolve("temporary"));
        Program.Ended ended = Program.runWithTemporary(folder, temporary, arguments);
        assertEquals(0, ended.exit(), ended.err());
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
        return ended;
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static String function(String name, String... packages) {
        return "{\"type\":\"function\",\"name\":\"" + name + "\",\"deps\":["
                + String.join(
                        ",", Stream.of(packages).map(each -> '"' + each + '"').toList()) + "]}\n";
    }

    @Test
    void aTraceIsMadeAgainUnderEveryTree() throws Exception {
        StringBuilder text = new StringBuilder(function("web", "click==8.1.8", "idna==3.11"))
                .append(function("other", "click==8.1.8", "idna==3.11"))
                .append(function("bare"))
                .append(function("ghost", "click==0.0.0"));
        String[] order = {"web", "bare", "other", "web", "ghost", "bare"};
        for (int i = 0; i < 36; i++) {
            text.append("{\"type\":\"invocation\",\"name\":\"")
                    .append(order[i % 6])
                    .append("\",\"ts\":")
                    .append(1_760_000_000_000L + 100 * i + (i > 20 ? 3_600_000 : 0))
                    .append("}\n");
        }
        Path trace = write("trace.jsonl", text.toString());
        Path tree = write("tree.json", "{\"children\": [{\"packages\": [\"idna\", \"click==8.1.8\"]}]}");

        Program.Ended bench = run(
                "bench",
                "tree",
                "--trace",
                trace.toString(),
                "--tree",
                tree.toString(),
                "--speed",
                "10",
                "--longest-pause",
                "200",
                "--packages",
                SharedPackages.folder().toString(),
                "--json");

        JsonNode report = JSON.readTree(bench.out());
        assertEquals(30, report.get("calls").asInt(), "an hour's pause is cut, and ghost cannot be installed");
        assertEquals(3, report.get("functions").asInt());
        assertEquals(2, report.get("package_sets").asInt());
        assertEquals(6, report.get("left_out_calls").asInt());
        assertEquals("ghost", report.at("/left_out/0/functions/0").asText());
        assertTrue(report.at("/left_out/0/reason").asText().contains("click==0.0.0"), bench.out());
        assertTrue(bench.err().contains("left out 1 function with [click==0.0.0]"), bench.err());
        assertTrue(report.get("pace").asText().startsWith("10 times as fast as recorded"), bench.out());
        List<String> rows = new ArrayList<>();
        for (JsonNode row : report.get("rows")) {
            rows.add(row.get("tree").asText() + " " + row.get("round").asInt());
            assertEquals(30, row.get("calls").asInt(), row.toString());
            assertEquals(0, row.get("failed").asInt(), row.toString());
            assertEquals(
                    1,
                    SHARES.stream()
                            .mapToDouble(share -> row.get(share).asDouble())
                            .sum(),
                    0.002,
                    row.toString());
            assertTrue(row.get("p50_ms").asDouble() > 0, row.toString());
            assertTrue(row.get("p99_ms").asDouble() >= row.get("p50_ms").asDouble(), row.toString());
            assertTrue(row.get("mean_ms").asDouble() > 0, row.toString());
            assertTrue(row.get("leaves").asInt() >= 3, row.toString());
            assertTrue(row.get("leaves_mb").asDouble() > 0, row.toString());
            assertTrue(row.get("leaf_private_mb").asDouble() > 0, row.toString());
            boolean none = row.get("tree").asText().equals("none");
            assertEquals(none, row.get("zygotes").asInt() == 0, row.toString());
            assertEquals(none, row.get("zygotes_mb").asDouble() == 0, row.toString());
            if (none) {
                assertEquals(0, row.get("hit_share").asDouble(), row.toString());
                assertTrue(row.get("cold_share").asDouble() >= 0.1, row.toString());
            } else if (row.get("round").asInt() == 2
                    && !row.get("tree").asText().equals("auto")) {
                assertEquals(0, row.get("cold_share").asDouble(), "all zygotes were made in round 1: " + row);
                assertTrue(row.get("hit_share").asDouble() >= 0.1, row.toString());
            }
        }
        assertEquals(
                List.of("none 1", "none 2", "default 1", "default 2", "fitted 1", "fitted 2", "auto 1", "auto 2"),
                rows);
    }

    @Test
    void missingCostsAreMeasuredInRealSandboxes() throws Exception {
        Path trace = write(
                "trace.jsonl",
                """
                        {"type":"package","name":"python-dateutil==2.9.0.post0","deps":["six>=1.5"],"top":null,"mine":7}
                        {"type":"package","name":"idna==3.11","deps":null,"import_ms":5,"import_mb":1}
                        {"type":"weather","sunny":true}
                        """
                        + function("dates", "python-dateutil==2.9.0.post0", "six==1.17.0")
                        + function("ghost", "six==0.0.0")
                        + "{\"type\":\"invocation\",\"name\":\"dates\"}\n");
        Path out = folder.resolve("measured.jsonl.gz");

        Program.Ended measure = run("tree", "measure", "--trace", trace.toString(), "--out", out.toString());

        assertTrue(measure.out().contains("2 of 3 packages without costs were measured"), measure.out());
        assertTrue(measure.err().contains("six==0.0.0 cannot be measured"), measure.err());
        Map<String, JsonNode> packages = new HashMap<>();
        List<JsonNode> lines = new ArrayList<>();
        for (String line : unpacked(out).lines().toList()) {
            JsonNode json = JSON.readTree(line);
            lines.add(json);
            if (json.get("type").asText().equals("package")) {
                packages.put(json.get("name").asText(), json);
            }
        }
        for (String measured : List.of("six==1.17.0", "python-dateutil==2.9.0.post0")) {
            assertTrue(packages.get(measured).get("import_ms").asDouble() > 0, lines.toString());
            assertTrue(packages.get(measured).get("import_mb").asDouble() >= 0, lines.toString());
        }
        assertEquals("[\"six\"]", packages.get("six==1.17.0").get("top").toString());
        assertEquals(7, packages.get("python-dateutil==2.9.0.post0").get("mine").asInt());
        assertEquals(5, packages.get("idna==3.11").get("import_ms").asDouble());
        assertFalse(packages.containsKey("six==0.0.0"));
        assertTrue(lines.stream().anyMatch(line -> line.has("sunny")), lines.toString());

        String tree = folder.resolve("tree.json").toString();
        assertTrue(run("tree", "fit", "--trace", out.toString(), "--nodes", "3", "--out", tree)
                .out()
                .contains("100.0 % saved"));
    }

    @Test
    void aTraceOfMillionsOfCallsIsReadInAHeapThatHoldsNotOneByteForEach() throws Exception {
        int calls = 8_000_000;
        Path trace = folder.resolve("many.jsonl.gz");
        byte[] thousand =
                "{\"type\":\"invocation\",\"name\":\"dates\"}\n".repeat(1000).getBytes(StandardCharsets.UTF_8);
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(trace))) {
            out.write(function("dates", "six==1.17.0").getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < calls / 1000; i++) {
                out.write(thousand);
            }
        }
        Path tree = write("tree.json", "{\"children\": [{\"packages\": [\"six\"]}]}");

        Program.Ended eval = Program.runWithOptions(
                folder,
                "-Xms6m -Xmx7m",
                "tree",
                "eval",
                "--tree",
                tree.toString(),
                "--trace",
                trace.toString(),
                "--json");

        assertEquals(0, eval.exit(), eval.err());
        assertEquals(calls, JSON.readTree(eval.out()).get("calls").asInt());
    }

    private static String unpacked(Path file) throws IOException {
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
