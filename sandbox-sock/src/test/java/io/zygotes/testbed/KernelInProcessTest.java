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
    void version_2_has_every_controller_there_and_the_machines_files_cannot_be_changed() throws Exception {
        Path outside = Files.writeString(shared.resolve("outside"), "kept");
        String inside = KernelInProcess.SHARED.toString();
        Optional<Integer> status = run(
                60,
                "cat /sys/fs/cgroup/cgroup.controllers > " + inside + "/controllers; grep cgroup /proc/mounts > " + inside
                        + "/mounts; echo lost > '" + outside + "' && exit 1; exit 7");
        assertEquals(Optional.of(7), status);
        Set<String> controllers = Set.of(Files.readString(shared.resolve("controllers")).strip().split(" "));
        assertTrue(controllers.containsAll(Set.of("memory", "pids", "cpu")), controllers::toString);
        assertEquals(1, Files.readAllLines(shared.resolve("mounts")).size());
        assertEquals("kept", Files.readString(outside));
    }

    @Test
    void a_command_that_does_not_end_is_ended_with_all_its_processes() throws Exception {
        assertEquals(Optional.empty(), run(6, "touch " + KernelInProcess.SHARED + "/booted; sleep 1000 & sleep 1000"));
        assertTrue(Files.exists(shared.resolve("booted")));
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
