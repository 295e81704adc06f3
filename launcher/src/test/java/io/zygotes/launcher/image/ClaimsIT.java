package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.files.Folders;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two workers on one machine, one of which was killed, or has what the other has: nobody removes what is another's. */
class ClaimsIT {

    @TempDir
    Path folder;

    private WorkerFolder worker;
    private WorkerFolder other;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("ClaimsIT");
    }

    @BeforeEach
    void makeDirectories() throws Exception {
        worker = WorkerFolder.init(folder);
        worker.install("hello", "def f(event):\n    return event\n", "");
        other = new WorkerFolder(Program.IMAGE, folder, folder.resolve("other"));
    }

    @AfterEach
    void stopWorkers() throws Exception {
        worker.run("down");
        if (Files.exists(other.path())) {
            other.run("down");
        }
    }

    private static void kill(WorkerFolder running) throws Exception {
        ProcessHandle process = ProcessHandle.of(running.pid()).orElseThrow();
        process.destroyForcibly();
        process.onExit().join();
    }

    private void call(WorkerFolder running) throws Exception {
        assertEquals("1\n", running.ok("invoke", "hello", "1"));
    }

    /** The processes of a worker's zygotes and of its warden, which live as long as it does. */
    private static Set<String> processes(Path region) throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> groups = Files.walk(region)) {
            for (Path file : groups.filter(
                            path -> path.endsWith("self/cgroup.procs") || path.endsWith("warden/cgroup.procs"))
                    .toList()) {
                found.addAll(Files.readAllLines(file));
            }
        }
        return found;
    }

    private static void copy(Path from, Path to) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("cp", "-r", from.toString(), to.toString())
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    @AlsoOnPureCgroup2
    @Test
    void aWorkerOnACopyOfTheDirectoryOfOneThatRunsHarmsNoneOfItsSandboxes() throws Exception {
        worker.ok("up", "-d");
        call(worker);
        Path region = Machine.region(worker.path());
        Set<String> before = processes(region);
        assertTrue(before.size() >= 2, before.toString());
        copy(worker.path(), other.path());

        other.ok("up", "-d");
        call(other);
        assertNotEquals(region, Machine.region(other.path()), "they share host ids and cgroups");
        assertTrue(processes(region).containsAll(before), "sandboxes were killed");
        kill(other);
        other.ok("down");
        assertTrue(processes(region).containsAll(before), "cleaning up after the copy killed them");
        call(worker);
    }

    @Test
    void twoDirectoriesWithOneStateFolderOrOnePackageFolderAreRefused() throws Exception {
        worker.ok("up", "-d");
        for (String key : List.of("worker_dir", "pkgs_dir")) {
            WorkerFolder second = WorkerFolder.init(Program.IMAGE, folder, "with-" + key);
            String path = worker.path()
                    .resolve(key.equals("worker_dir") ? "." : "packages")
                    .normalize()
                    .toString();
            second.change(config -> config.put(key, path));

            for (String command : List.of("up", "doctor --clean")) {
                Program.Ended refused = second.run(command);
                assertEquals(1, refused.exit(), command + refused.out());
                assertTrue(refused.err().contains("$." + key), refused.err());
                assertTrue(
                        refused.err().contains("of " + worker.path() + " (process " + worker.pid() + ")"),
                        refused.err());
            }
            assertTrue(second.ok("down").contains("no worker runs"));
        }
        call(worker);
    }

    @Test
    void foreignFilesAreRefusedAndNeverRemoved() throws Exception {
        for (String where : List.of("code", "sandboxes", "packages", "packages/.staging")) {
            WorkerFolder fresh = WorkerFolder.init(Program.IMAGE, folder, "foreign-" + where.replace('/', '-'));
            Path foreign = fresh.path().resolve(where);
            Files.createDirectories(foreign);
            Files.deleteIfExists(foreign.resolve(".zygotes"));
            Path file = Files.writeString(foreign.resolve("thesis.txt"), "mine");

            for (String command : List.of("up", "doctor --clean")) {
                Program.Ended refused = fresh.run(command);
                assertEquals(1, refused.exit(), command + refused.out());
                assertTrue(refused.err().contains(foreign + ": is not a worker's"), refused.err());
            }
            assertEquals("mine", Files.readString(file));
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void downAfterAWorkerThatWasKilledRemovesWhatItLeftAndSaysSo() throws Exception {
        worker.ok("up", "-d");
        call(worker);
        Path region = Machine.region(worker.path());
        kill(worker);
        assertTrue(Files.exists(region), "it was killed");

        String said = worker.ok("down");

        assertTrue(said.contains("was killed"), said);
        assertTrue(said.contains("removed cgroups " + region), said);
        assertFalse(Files.exists(region), said);
        assertEquals("no worker runs on " + worker.path() + "\n", worker.ok("down"), "there is nothing more to do");
        worker.ok("up", "-d");
        call(worker);
    }

    @AlsoOnPureCgroup2
    @Test
    void theGroupsOfAKilledWorkerWhoseDirectoryIsGoneGoWithTheNextStart() throws Exception {
        WorkerFolder gone = WorkerFolder.init(Program.IMAGE, folder, "gone");
        gone.ok("up", "-d");
        Path region = Machine.region(gone.path());
        kill(gone);
        Folders.delete(gone.path());

        worker.ok("up", "-d");

        boolean isOurs = region.equals(Machine.region(worker.path()));
        assertTrue(isOurs || Files.notExists(region), region + " is left");
    }

    @Test
    void recordsThatAreEmptyKeepNobodyFromStartingOrCleaning() throws Exception {
        worker.ok("up", "-d");
        kill(worker);
        List<Path> records = new ArrayList<>(
                List.of(worker.path().resolve("sandboxes/region"), worker.path().resolve("worker.json")));
        try (Stream<Path> all =
                Files.find(worker.path().resolve("sandboxes"), 2, (path, _) -> path.endsWith("compiled"))) {
            all.forEach(records::add);
        }
        assertEquals(3, records.size(), records.toString());
        for (Path record : records) {
            Files.writeString(record, "");
        }
        worker.ok("up", "-d");
        call(worker);
        kill(worker);
        Files.writeString(worker.path().resolve("sandboxes/region"), "");
        Files.writeString(worker.path().resolve("worker.lock"), "");
        worker.ok("doctor", "--clean");
        worker.ok("up", "-d");
        call(worker);
    }

    /** The file where a worker says who it is comes from another container. */
    @Test
    void downDoesNotSignalAProcessIdOfAnotherPidNamespace() throws Exception {
        worker.ok("up", "-d");
        Path lock = worker.path().resolve("worker.lock");
        String own = Files.readString(lock);
        try {
            Files.writeString(lock, own.replaceAll("pid:\\[[0-9]+\\]", "pid:[1]"));
            Program.Ended refused = worker.run("down");
            assertEquals(1, refused.exit(), refused.out());
            assertTrue(refused.err().contains("another pid namespace"), refused.err());
            call(worker);
        } finally {
            Files.writeString(lock, own);
        }
    }

    /** What AppArmor's rule for user namespaces does: all is there, and a step of each sandbox is refused. */
    @Test
    void aMachineThatRefusesSandboxesIsToldBeforeTheWorkerIsReady() throws Exception {
        Program.Ended refused = refused("up");
        assertEquals(1, refused.exit(), refused.out());
        assertFalse(refused.out().contains("ready"), refused.out());
        assertTrue(refused.err().contains("no sandbox can be made on this machine"), refused.err());
        assertTrue(refused.err().contains("at step 'capabilities'"), refused.err());

        Program.Ended doctor = refused("doctor");
        assertEquals(1, doctor.exit(), doctor.out());
        assertTrue(doctor.out().contains("no sandbox can be made"), doctor.out());
    }

    /** Runs a command to which the kernel refuses capset(2), which of all its processes only sandboxes call. */
    private Program.Ended refused(String command) throws Exception {
        int call = System.getProperty("os.arch").equals("aarch64") ? 91 : 126;
        String filtered = """
            import ctypes, os, struct, sys
            code = (0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)
            program = b"".join(struct.pack("HBBI", *line) for line in code)
            memory = ctypes.create_string_buffer(program, len(program))
            libc = ctypes.CDLL(None, use_errno=True)
            filter = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(memory))
            if libc.prctl(22, 2, filter) != 0:
                raise OSError(ctypes.get_errno(), "seccomp")
            os.execv(sys.argv[2], sys.argv[2:])
            """;
        List<String> all = Stream.concat(
                        Stream.of(
                                "python3",
                                "-c",
                                filtered,
                                Integer.toString(call),
                                Program.IMAGE.resolve("bin/zygotes").toString()),
                        Stream.of(worker.arguments(command)))
                .collect(Collectors.toList());
        return Program.ofCommand(folder, all);
    }

    @Test
    void aUserNamespaceWithoutTheIdsIsToldWhatToSet() throws Exception {
        List<String> all = Stream.concat(
                        Stream.of(
                                "unshare",
                                "--user",
                                "--map-root-user",
                                Program.IMAGE.resolve("bin/zygotes").toString()),
                        Stream.of(worker.arguments("up")))
                .collect(Collectors.toList());
        Program.Ended refused = Program.ofCommand(folder, all);
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(refused.err().contains("do not exist in this user namespace"), refused.err());
        assertTrue(refused.err().contains("host_ids"), refused.err());
    }
}
