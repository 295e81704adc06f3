package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

    private WorkerFolder worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("DoctorIT");
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        worker = WorkerFolder.init(folder);
    }

    @AfterEach
    void stopWorker() throws Exception {
        worker.run("down");
    }

    @Test
    void aMachineThatRunsWorkersIsWell() throws Exception {
        Program.Ended doctor = worker.run("doctor", "--json");

        assertEquals(0, doctor.exit(), doctor.out() + doctor.err());
        assertEquals("", doctor.err());
        JsonNode diagnosis = JSON.readTree(doctor.out());
        assertTrue(diagnosis.get("ok").asBoolean());
        for (String name : new String[] {
            "kernel",
            "cgroup v2",
            "controller memory",
            "max_user_namespaces",
            "seccomp",
            "mount API",
            "open files",
            "Python",
            "pip",
            "disk",
            "memory"
        }) {
            assertTrue(diagnosis.get("findings").findValuesAsText("name").contains(name), name + ": " + doctor.out());
        }
        for (JsonNode finding : diagnosis.get("findings")) {
            assertEquals(
                    finding.get("ok").asBoolean(), finding.get("mend").asText().isEmpty(), finding.toString());
            assertFalse(finding.get("found").asText().isEmpty(), finding.toString());
            assertTrue(finding.get("needed").isBoolean(), finding.toString());
        }
    }

    @Test
    void whatAKilledWorkerLeftIsRemoved() throws Exception {
        worker.ok("up", "-d");
        long pid = JSON.readTree(worker.path().resolve("worker.json").toFile())
                .get("pid")
                .asLong();
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().join();
        Files.createDirectories(worker.path().resolve("packages/.staging/numpy-1"));

        Program.Ended clean = worker.run("doctor", "--clean");

        assertEquals(0, clean.exit(), clean.err());
        Path cgroups = clean.out()
                .lines()
                .filter(line -> line.startsWith("removed cgroups "))
                .map(line -> Path.of(line.substring("removed cgroups ".length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(clean.out()));
        assertFalse(Files.exists(cgroups), clean.out());
        assertFalse(Files.exists(worker.path().resolve("sandboxes")), clean.out());
        assertFalse(Files.exists(worker.path().resolve("packages/.staging")), clean.out());
        assertFalse(Files.exists(worker.path().resolve("worker.json")), clean.out());
        assertEquals(
                "there is nothing to remove\n", worker.run("doctor", "--clean").out());
        worker.ok("up", "-d");
    }

    @Test
    void nothingIsTakenFromAWorkerThatRuns() throws Exception {
        worker.ok("up", "-d");

        Program.Ended clean = worker.run("doctor", "--clean");

        assertEquals(1, clean.exit(), clean.out());
        assertTrue(clean.err().contains("a worker runs on this directory already"), clean.err());
        worker.ok("status");
    }
}
