package io.zygotes.core.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerDirectoryTest {

    @TempDir
    Path folder;

    private WorkerDirectory init() throws IOException {
        return WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
    }

    @Test
    void initMakesACompleteDirectory() throws Exception {
        WorkerDirectory directory = init();

        assertEquals(directory.config(), WorkerConfig.defaults(directory.path()));
        assertEquals("{}", Files.readString(directory.path().resolve("default-zygotes-40.json")));
        for (String name : new String[] {"registry", "packages", "logs"}) {
            assertTrue(Files.isDirectory(directory.path().resolve(name)), name);
        }
        assertEquals(directory.path(), WorkerDirectory.open(folder.resolve("w")).path());
    }

    @Test
    void initTakesAnEmptyFolder() throws Exception {
        Files.createDirectory(folder.resolve("w"));

        assertTrue(WorkerDirectory.exists(init().path()));
    }

    @Test
    void initLeavesWhatIsThereAlone() throws Exception {
        Files.createDirectory(folder.resolve("w"));
        Files.writeString(folder.resolve("w/precious"), "x");

        IOException e = assertThrows(FileAlreadyExistsException.class, this::init);
        assertTrue(e.getMessage().contains("not empty"), e.getMessage());
        assertEquals("x", Files.readString(folder.resolve("w/precious")));
    }

    @Test
    void aFailedInitLeavesNothing() throws Exception {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("no more");
            }
        };

        assertThrows(IOException.class, () -> WorkerDirectory.init(folder.resolve("w"), broken));
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void openingSomethingElseSaysWhatToDo() {
        ConfigException e = assertThrows(ConfigException.class, () -> WorkerDirectory.open(folder));

        assertTrue(e.getMessage().contains("is no worker directory"), e.getMessage());
    }

    @Test
    void aSecondWorkerIsRefusedUntilTheFirstIsGone() throws Exception {
        WorkerDirectory directory = init();
        try (WorkerDirectory.Lock lock = directory.lock(directory.config())) {
            lock.announce(5000);
            ConfigException e = assertThrows(ConfigException.class, () -> directory.lock(directory.config()));
            assertTrue(e.getMessage().contains("port 5000"), e.getMessage());
        }
        directory.lock(directory.config()).close();
    }

    @Test
    void aRunningWorkerIsSeen() throws Exception {
        WorkerDirectory directory = init();
        assertEquals(Optional.empty(), directory.running());
        try (WorkerDirectory.Lock lock = directory.lock(directory.config())) {
            assertEquals(-1, directory.running().orElseThrow().port(), "while it is starting");
            lock.announce(4711);
            WorkerDirectory.Running running = directory.running().orElseThrow();
            assertEquals(4711, running.port());
            assertEquals(ProcessHandle.current().pid(), running.pid());
        }
        assertEquals(Optional.empty(), directory.running());
        assertFalse(Files.exists(directory.path().resolve("worker.json")));
    }

    @Test
    void whatADeadWorkerLeftIsNotTakenForAWorkerEvenIfItsProcessIdLives() throws Exception {
        WorkerDirectory directory = init();
        Files.writeString(directory.path().resolve("worker.lock"), "");
        Files.writeString(
                directory.path().resolve("worker.json"),
                "{\"pid\":" + ProcessHandle.current().pid() + ",\"port\":1,\"started_ms\":1}");

        assertEquals(Optional.empty(), directory.running());
        try (WorkerDirectory.Lock lock = directory.lock(directory.config())) {
            assertEquals(-1, directory.running().orElseThrow().port());
            lock.announce(2);
            assertEquals(2, directory.running().orElseThrow().port());
        }
    }

    @Test
    void aLockOfAnotherProcessCounts() throws Exception {
        WorkerDirectory directory = init();
        Process other = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',"
                                + " flush=True); sys.stdin.read()",
                        directory.path().resolve("worker.lock").toString())
                .start();
        try {
            assertEquals('h', other.getInputStream().read());
            assertTrue(directory.running().isPresent());
            assertThrows(ConfigException.class, () -> directory.lock(directory.config()));
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertEquals(Optional.empty(), directory.running());
    }

    @Test
    void aRecordThatIsEmptyOrDamagedIsNone() throws Exception {
        WorkerDirectory directory = init();
        for (String text : List.of("", "{\"pid\": 1", "[]", "\0\0")) {
            Files.writeString(directory.path().resolve("worker.lock"), text);
            assertEquals(Optional.empty(), directory.outOfReach(), text);
            try (WorkerDirectory.Lock lock = directory.lock(directory.config())) {
                Files.writeString(directory.path().resolve("worker.json"), text);
                assertEquals(-1, directory.running().orElseThrow().port(), text);
                lock.announce(2);
                assertEquals(2, directory.running().orElseThrow().port());
            }
        }
    }

    private WorkerDirectory copyWith(WorkerDirectory original, String key, String value) throws Exception {
        WorkerDirectory copy =
                WorkerDirectory.init(folder.resolve("copy-" + key), new ByteArrayInputStream("{}".getBytes()));
        Files.writeString(
                copy.configFile(), "{\"" + key + "\": \"" + original.path().resolve(value) + "\"}");
        return copy;
    }

    @Test
    void aSecondDirectoryWithTheSameStateIsRefusedAndToldWhoHasIt() throws Exception {
        WorkerDirectory directory = init();
        WorkerDirectory copy = copyWith(directory, "worker_dir", ".");
        try (WorkerDirectory.Lock _ = directory.lock(directory.config())) {
            ConfigException e = assertThrows(ConfigException.class, () -> copy.lock(copy.config()));
            assertTrue(e.getMessage().contains("worker_dir"), e.getMessage());
            assertTrue(e.getMessage().contains("of " + directory.path() + " (process "), e.getMessage());
            assertTrue(e.getMessage().contains("down -p " + directory.path()), e.getMessage());
            assertThrows(ConfigException.class, () -> copy.lockToClean(copy.config()), "it would clean the state");
            assertEquals(Optional.empty(), copy.running(), "no worker runs on the copy itself");
        }
        copy.lock(copy.config()).close();
    }

    @Test
    void aSecondDirectoryWithTheSamePackagesIsRefused() throws Exception {
        WorkerDirectory directory = init();
        WorkerDirectory copy = copyWith(directory, "pkgs_dir", "packages");
        try (WorkerDirectory.Lock _ = copy.lock(copy.config())) {
            ConfigException e = assertThrows(ConfigException.class, () -> directory.lock(directory.config()));
            assertTrue(e.getMessage().contains("pkgs_dir"), e.getMessage());
            assertTrue(e.getMessage().contains(copy.path().toString()), e.getMessage());
        }
        directory.lock(directory.config()).close();
    }

    @Test
    void aFolderUnderTwoNamesIsLockedOnce() throws Exception {
        WorkerDirectory directory = init();
        Path link = Files.createSymbolicLink(folder.resolve("link"), directory.path());
        Files.writeString(directory.configFile(), "{\"worker_dir\": \"" + link + "\"}");

        directory.lock(directory.config()).close();
    }

    @Test
    void whoOnlyCleansMakesNoFolders() throws Exception {
        WorkerDirectory directory = init();
        Files.writeString(directory.configFile(), "{\"worker_dir\": \"state\", \"pkgs_dir\": \"pkgs\"}");

        directory.lockToClean(directory.config()).close();
        assertFalse(Files.exists(directory.path().resolve("state")));
        directory.lock(directory.config()).close();
        assertTrue(Files.exists(directory.path().resolve("pkgs")));
    }

    @Test
    void aWorkerThatWasKilledIsToldFromOneThatWasStopped() throws Exception {
        WorkerDirectory directory = init();
        assertFalse(directory.hasDeadWorker());
        Path file = directory.path().resolve("worker.lock");
        String text;
        try (WorkerDirectory.Lock _ = directory.lock(directory.config())) {
            assertFalse(directory.hasDeadWorker(), "it lives");
            text = Files.readString(file);
        }
        assertFalse(directory.hasDeadWorker(), "it was stopped");

        Files.writeString(file, text);
        assertTrue(directory.hasDeadWorker());
        directory.lockToClean(directory.config()).close();
        assertFalse(directory.hasDeadWorker(), "somebody cleaned up");
    }

    /** Holds the lock of a directory in another process, as one who wrote this. */
    private Process heldBy(WorkerDirectory directory, String text) throws IOException {
        Files.writeString(directory.path().resolve("worker.lock"), text);
        Process other = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',"
                                + " flush=True); sys.stdin.read()",
                        directory.path().resolve("worker.lock").toString())
                .start();
        assertEquals('h', other.getInputStream().read());
        return other;
    }

    private String textOf(WorkerDirectory directory) throws Exception {
        try (WorkerDirectory.Lock _ = directory.lock(directory.config())) {
            return Files.readString(directory.path().resolve("worker.lock"));
        }
    }

    @Test
    void aProcessIdOfAnotherNamespaceMachineOrProcessIsNotBelieved() throws Exception {
        WorkerDirectory directory = init();
        String text = textOf(directory);
        List<String> others = List.of(
                text.replaceAll("pid:\\[[0-9]+\\]", "pid:[1]"),
                text.replaceAll("\"boot_id\":\"[^\"]+\"", "\"boot_id\":\"another\""),
                text.replaceAll("\"start_ticks\":[0-9]+", "\"start_ticks\":1"));
        List<String> reasons = List.of("another pid namespace", "another machine", "another process by now");
        for (int i = 0; i < others.size(); i++) {
            Process other = heldBy(directory, others.get(i));
            try {
                String reason = directory.outOfReach().orElseThrow();
                assertTrue(reason.contains(reasons.get(i)), reason);
            } finally {
                other.destroyForcibly().waitFor();
            }
        }
        Process same = heldBy(directory, text);
        try {
            assertEquals(Optional.empty(), directory.outOfReach(), "it is this process");
        } finally {
            same.destroyForcibly().waitFor();
        }
    }
}
