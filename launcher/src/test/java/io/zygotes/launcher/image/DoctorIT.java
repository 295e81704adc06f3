package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The doctor on this machine, and after a worker that was killed. */
class DoctorIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path directory;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.lacks().ifPresent(reason -> {
            System.out.println("skipped DoctorIT: " + reason);
            assumeTrue(false, reason);
        });
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        directory = folder.resolve("worker");
        assertEquals(0, run("init").exit());
        Path file = directory.resolve("config.json");
        var config = (ObjectNode) JSON.readTree(file.toFile());
        Files.writeString(file, config.put("worker_port", 0).toPrettyString());
    }

    @AfterEach
    void stopWorker() throws Exception {
        run("down");
    }

    private Program.Ended run(String command, String... more) throws Exception {
        var all = new String[more.length + 3];
        all[0] = command;
        all[1] = "-p";
        all[2] = directory.toString();
        System.arraycopy(more, 0, all, 3, more.length);
        return Program.run(folder, all);
    }

    @Test
    void aMachineThatRunsWorkersIsWell() throws Exception {
        Program.Ended doctor = run("doctor", "--json");

        assertEquals(0, doctor.exit(), doctor.out() + doctor.err());
        assertEquals("", doctor.err());
        JsonNode diagnosis = JSON.readTree(doctor.out());
        assertTrue(diagnosis.get("ok").asBoolean());
        for (String name : new String[] {"kernel", "cgroup v2", "controller memory", "max_user_namespaces", "seccomp",
            "mount API", "open files", "Python", "pip", "disk", "memory"}) {
            assertTrue(diagnosis.get("findings").findValuesAsText("name").contains(name), name + ": " + doctor.out());
        }
        for (JsonNode finding : diagnosis.get("findings")) {
            assertEquals(finding.get("ok").asBoolean(), finding.get("mend").asText().isEmpty(), finding.toString());
            assertFalse(finding.get("found").asText().isEmpty(), finding.toString());
            assertTrue(finding.get("needed").isBoolean(), finding.toString());
        }
    }

    @Test
    void whatAKilledWorkerLeftIsRemoved() throws Exception {
        assertEquals(0, run("up", "-d").exit());
        long pid = JSON.readTree(directory.resolve("worker.json").toFile()).get("pid").asLong();
        ProcessHandle worker = ProcessHandle.of(pid).orElseThrow();
        worker.destroyForcibly();
        worker.onExit().join();
        Files.createDirectories(directory.resolve("packages/.staging/numpy-1"));

        Program.Ended clean = run("doctor", "--clean");

        assertEquals(0, clean.exit(), clean.err());
        Path cgroups = clean.out().lines()
                .filter(line -> line.startsWith("removed cgroups "))
                .map(line -> Path.of(line.substring("removed cgroups ".length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(clean.out()));
        assertFalse(Files.exists(cgroups), clean.out());
        assertFalse(Files.exists(directory.resolve("sandboxes")), clean.out());
        assertFalse(Files.exists(directory.resolve("packages/.staging")), clean.out());
        assertFalse(Files.exists(directory.resolve("worker.json")), clean.out());
        assertEquals("there is nothing to remove\n", run("doctor", "--clean").out());
        assertEquals(0, run("up", "-d").exit());
    }

    @Test
    void nothingIsTakenFromAWorkerThatRuns() throws Exception {
        assertEquals(0, run("up", "-d").exit());

        Program.Ended clean = run("doctor", "--clean");

        assertEquals(1, clean.exit(), clean.out());
        assertTrue(clean.err().contains("a worker runs on this directory already"), clean.err());
        assertEquals(0, run("status").exit());
    }
}
