package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The benchmarks, short, with real packages: what they answer and that they leave nothing. No time is looked at. */
class BenchIT {

    private static final List<String> SETS = List.of("(none)", "numpy", "pandas", "pandas+requests+flask");

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("BenchIT");
    }

    private JsonNode run(String... arguments) throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--json", "--packages", SharedPackages.folder().toString()));
        Program.Ended bench = Program.runWithTemporary(folder, temporary, all.toArray(String[]::new));
        assertEquals(0, bench.exit(), bench.err());
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
        return new ObjectMapper().readTree(bench.out());
    }

    @Test
    void coldMeasuresEachKindOfStartForEachSetAtEachPace() throws Exception {
        JsonNode report = run("bench", "cold", "--rounds", "3", "--warm-up", "40");

        Set<String> seen = new HashSet<>();
        for (JsonNode row : report.get("rows")) {
            seen.add(row.get("set").asText() + " " + row.get("pace").asText() + " "
                    + row.get("what").asText());
            assertTrue(row.get("p50_ms").asDouble() > 0, row.toString());
            assertTrue(row.get("p99_ms").asDouble() >= row.get("p50_ms").asDouble(), row.toString());
            assertTrue(row.get("of_limit_p50").asDouble() > 0, row.toString());
            assertTrue(row.get("of_limit_p99").asDouble() > 0, row.toString());
            assertEquals(row.get("what").asText().equals("create"), row.has("steps_p50_ms"), row.toString());
            assertEquals(3, row.get("rounds").asInt(), row.toString());
        }
        Set<String> wanted = new HashSet<>();
        for (String set : SETS) {
            for (String pace : List.of("burst", "spaced")) {
                for (String what : List.of("limit", "hit", "create", "none", "spare")) {
                    wanted.add(set + " " + pace + " " + what);
                }
            }
        }
        assertEquals(wanted, seen);
        assertEquals(wanted.size(), report.get("rows").size());
        assertEquals(8, report.get("concurrent").get("clients").asInt());
        assertEquals(SETS, report.get("concurrent").get("rows").findValuesAsText("set"));
        for (JsonNode row : report.get("concurrent").get("rows")) {
            assertTrue(
                    row.get("leaves_per_s").asDouble() > 0
                            && row.get("of_limit").asDouble() > 0,
                    row.toString());
        }
    }

    @Test
    void memorySaysWhatALeafCostsAndHowManyFit() throws Exception {
        JsonNode report = run("bench", "memory");

        double forked = report.get("leaf_private_mb").asDouble();
        assertTrue(forked > 0 && forked < report.get("fresh_private_mb").asDouble(), report.toString());
        assertEquals(4096, report.get("memory_mb").asInt());
        int with = report.get("with_zygotes").get("leaves_that_fit").asInt();
        int without = report.get("without_zygotes").get("leaves_that_fit").asInt();
        assertTrue(with > without && without > 0, report.toString());
        assertEquals((double) with / without, report.get("times_as_many").asDouble(), 0.01);
        JsonNode machine = report.get("with_zygotes").get("machine_per_leaf");
        assertTrue(machine.get("kernel_stack_mb").asDouble() > 0, report.toString());
    }

    @Test
    void wrongUsageIsSaidBeforeAnythingIsMeasured() throws Exception {
        assertEquals(2, Program.run(folder, "bench", "cold", "--rounds", "0").exit());
        assertEquals(2, Program.run(folder, "bench", "cold", "--warm-up", "0").exit());
        assertEquals(2, Program.run(folder, "bench").exit());
    }
}
