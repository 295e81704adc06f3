package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What runs on this machine, and what this process, in which the worker runs, holds of it. */
final class Processes {

    private Processes() {}

    /** How many there are whose command line has a mark. */
    static long running(String mark) {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains(mark))
                .count();
    }

    /** Fails if there are any with the mark after five seconds. */
    static void awaitNone(String mark) throws InterruptedException {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (running(mark) > 0 && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertEquals(0, running(mark), "processes are left");
    }

    /** How many files this process has open. */
    static long openFiles() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
