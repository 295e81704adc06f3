package io.zygotes.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelInProcessTest {

    @TempDir
    private Path shared;

    @BeforeEach
    void requireKernel() throws Exception {
        KernelInProcess.assumeUsable("tests of User Mode Linux");
    }

    private Optional<Integer> run(int seconds, String script) throws Exception {
        return KernelInProcess.run(
                List.of("/bin/sh", "-c", script), System.getenv("PATH"), shared, Duration.ofSeconds(seconds));
    }

    @Test
    void version2HasEveryControllerThereAndTheMachinesFilesCannotBeChanged() throws Exception {
        Path outside = Files.writeString(shared.resolve("outside"), "kept");
        String inside = KernelInProcess.SHARED.toString();
        Optional<Integer> status = run(
                60,
                "cat /sys/fs/cgroup/cgroup.controllers > " + inside + "/controllers; grep cgroup /proc/mounts > "
                        + inside + "/mounts; echo lost > '" + outside + "' && exit 1; exit 7");
        assertEquals(Optional.of(7), status);
        Set<String> controllers =
                Set.of(Files.readString(shared.resolve("controllers")).strip().split(" "));
        assertTrue(controllers.containsAll(Set.of("memory", "pids", "cpu")), controllers::toString);
        assertEquals(1, Files.readAllLines(shared.resolve("mounts")).size());
        assertEquals("kept", Files.readString(outside));
    }

    @Test
    void aKernelWhoseTimeIsOverIsEndedWithAllItsProcesses() throws Exception {
        assertEquals(Optional.empty(), run(1, "sleep 1000"));
        assertEquals(List.of(), processes());
        assertFalse(Files.exists(shared.resolve("status")));
    }

    @Test
    void aCommandThatNobodyWaitsForAnyMoreIsEndedWithAllItsProcesses() throws Exception {
        Path started = shared.resolve("started");
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            Future<?> run = other.submit(
                    () -> run(120, "sleep 1000 & touch " + KernelInProcess.SHARED + "/started; sleep 1000"));
            // How long a boot takes is the machine's business.
            while (!Files.exists(started) && !run.isDone()) {
                Thread.sleep(20);
            }
            assertTrue(Files.exists(started), "it ended before the command was started");
            assertFalse(processes().isEmpty());
        } finally {
            other.shutdownNow();
        }
        assertTrue(other.awaitTermination(60, TimeUnit.SECONDS));
        assertEquals(List.of(), processes());
        assertFalse(Files.exists(shared.resolve("status")));
    }

    /** Ours, with every process inside; not those of other builds. */
    private static List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(process -> process.info().commandLine().orElse("").contains("umid=" + KernelInProcess.NAME))
                .toList();
    }
}
