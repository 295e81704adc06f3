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
        try (WorkerDirectory.Lock lock = directory.lock()) {
            lock.announce(5000);
            ConfigException e = assertThrows(ConfigException.class, directory::lock);
            assertTrue(e.getMessage().contains("port 5000"), e.getMessage());
        }
        directory.lock().close();
    }

    @Test
    void aRunningWorkerIsSeen() throws Exception {
        WorkerDirectory directory = init();
        assertEquals(Optional.empty(), directory.running());
        try (WorkerDirectory.Lock lock = directory.lock()) {
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
        try (WorkerDirectory.Lock lock = directory.lock()) {
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
            assertThrows(ConfigException.class, directory::lock);
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertEquals(Optional.empty(), directory.running());
    }
}
