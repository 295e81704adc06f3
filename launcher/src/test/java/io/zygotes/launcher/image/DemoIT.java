package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo, with real packages. */
class DemoIT {

    private static final int SIGINT = 2;

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("DemoIT");
    }

    /** Where the demo makes its temporary folder. */
    private Path temporary;

    @BeforeEach
    void makeTemporary() throws IOException {
        temporary = Files.createDirectory(folder.resolve("temporary"));
    }

    private List<Path> demoFolders() throws IOException {
        try (Stream<Path> all = Files.list(temporary)) {
            return all.toList();
        }
    }

    private static List<Long> processesBelow(String folder) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains(folder))
                .map(ProcessHandle::pid)
                .toList();
    }

    @Test
    void itMeasuresEachLambdaUnderEachStrategyAndLeavesNothingBehind() throws Exception {
        Program.Ended demo = Program.runWithTemporary(
                folder,
                temporary,
                "demo",
                "--json",
                "--quick",
                "--packages",
                SharedPackages.folder().toString());

        assertEquals(0, demo.exit(), demo.err());
        JsonNode rows = new ObjectMapper().readTree(demo.out()).get("rows");
        assertEquals(15, rows.size(), demo.out());
        for (JsonNode row : rows) {
            boolean none = row.get("strategy").asText().isEmpty();
            assertEquals(none, row.get("zygote_hit_ms").isNull(), row.toString());
            assertTrue(row.get("first_ms").asDouble() > 0, row.toString());
            assertTrue(row.get("warm_ms").asDouble() > 0, row.toString());
            assertTrue(row.get("private_mb").asDouble() > 0, row.toString());
        }
        JsonNode nonePandas = row(rows, "", "pandas");
        JsonNode treePandas = row(rows, "tree", "pandas");
        assertTrue(
                treePandas.get("zygote_hit_ms").asDouble()
                        < nonePandas.get("first_ms").asDouble(),
                demo.out());
        assertTrue(
                treePandas.get("private_mb").asDouble()
                        < nonePandas.get("private_mb").asDouble(),
                demo.out());
        assertEquals(List.of(), demoFolders());
    }

    private static JsonNode row(JsonNode rows, String strategy, String lambda) {
        for (JsonNode row : rows) {
            if (row.get("strategy").asText().equals(strategy)
                    && row.get("lambda").asText().equals(lambda)) {
                return row;
            }
        }
        throw new AssertionError("no row for \"" + strategy + "\" and " + lambda);
    }

    /** As what a shell without job control runs in the background does, and all that this starts. */
    private static boolean ignoresInterrupts() throws IOException {
        String mask = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .map(line -> line.substring("SigIgn:".length()).strip())
                .findFirst()
                .orElseThrow();
        return (Long.parseUnsignedLong(mask, 16) >> (SIGINT - 1) & 1) != 0;
    }

    @Test
    void ctrlCLeavesNothingBehind() throws Exception {
        try (Program.Running demo = Program.startWithTemporary(folder, temporary, "demo")) {
            demo.awaitText(demo.err(), "installing what numpy needs");
            String made = demoFolders().getFirst().toString();

            String signal = ignoresInterrupts() ? "-TERM" : "-INT";
            new ProcessBuilder("kill", signal, String.valueOf(demo.process().pid()))
                    .start()
                    .waitFor();

            assertNotEquals(0, demo.end().exit());
            assertEquals(List.of(), demoFolders());
            assertEquals(List.of(), processesBelow(made));
        }
    }
}
