package io.zygotes.core.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputLogTest {

    @TempDir
    Path folder;

    private static OutputLog started(OutputLog log) throws IOException {
        log.start();
        return log;
    }

    private List<String> lines(String file) throws IOException {
        return Files.readAllLines(folder.resolve(file));
    }

    @Test
    void aLineHasTimeSandboxAndLambdaAndCannotForgeAnother() throws Exception {
        try (OutputLog log = started(new OutputLog(folder, 1 << 20, 1 << 20))) {
            log.line("leaf-1", "hello", "fine\ttab \\ back");
            log.line("leaf-1", "hello", "a\n2030-01-01T00:00:00Z leaf-2 other | forged \u001b[31m\0\r\u2028");
        }
        List<String> lines = lines("lambdas.log");

        assertEquals(2, lines.size());
        assertTrue(lines.get(0).endsWith(" leaf-1 hello | fine\ttab \\\\ back"), lines.get(0));
        assertTrue(
                lines.get(1).endsWith("forged \\u001b[31m\\u0000\\u000d\\u2028")
                        && lines.get(1).contains("a\\u000a2030"),
                lines.get(1));
    }

    @Test
    void filesAreRotatedAndTheOldestGoes() throws Exception {
        try (OutputLog log = started(new OutputLog(folder, 1000, 1 << 20))) {
            for (int i = 0; i < 100; i++) {
                log.line("leaf-1", "hello", "x".repeat(100));
            }
        }
        for (String file : List.of("lambdas.log", "lambdas.log.1", "lambdas.log.4")) {
            assertTrue(Files.size(folder.resolve(file)) <= 1000, file);
        }
        assertFalse(Files.exists(folder.resolve("lambdas.log.5")));
    }

    @Test
    void aLambdaThatPrintsTooMuchLosesLinesAndOthersDoNot() throws Exception {
        OutputLog log = started(new OutputLog(folder, 1 << 20, 2000));
        try (log) {
            for (int i = 0; i < 1000; i++) {
                log.line("leaf-1", "loud", "x".repeat(100));
            }
            log.line("leaf-2", "quiet", "heard");
        }
        List<String> lines = lines("lambdas.log");

        assertTrue(lines.stream().anyMatch(line -> line.endsWith("quiet | heard")));
        assertTrue(lines.stream().anyMatch(line -> line.contains("lines lost")), "the loss is written down");
        long kept = lines.stream().filter(line -> line.contains("loud | x")).count();
        assertEquals(1000, kept + log.dropped());
        assertTrue(log.dropped() > 900, log.dropped() + " lost");
    }
}
