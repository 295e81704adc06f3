package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.registry.LambdaStore;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A worker that is killed leaves no process and no mount, and the next one cleans up the rest. The number of moments is
 * {@code -Dzygotes.kills=100} for a long run.
 */
class LeftoversIT {

    private static final int KILLS = Integer.getInteger("zygotes.kills", 6);
    /** How long the next start, and what it cleans, may take. */
    private static final Duration MOST = Duration.ofSeconds(2);

    @TempDir
    Path folder;

    private WorkerFolder worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("LeftoversIT");
    }

    @BeforeEach
    void makeDirectory() throws Exception {
        worker = WorkerFolder.init(folder);
        worker.change(config -> config.put("spare_leaves", 2));
        LambdaStore registry = new LambdaStore(worker.path().resolve("registry"));
        for (int i = 0; i < 4; i++) {
            Path lambda = Files.createDirectories(folder.resolve("lambdas/l" + i));
            Files.writeString(
                    lambda.resolve("f.py"), "import time\ndef f(event):\n    time.sleep(0.005)\n    return event\n");
            registry.install(lambda);
        }
    }

    @AfterEach
    void stopWorker() throws Exception {
        worker.run("down");
    }

    @AlsoOnPureCgroup2
    @Test
    void aWorkerThatIsKilledUnderLoadLeavesNothingThatTheNextDoesNotRemove() throws Exception {
        Random random = new Random(42);
        for (int i = 0; i < KILLS; i++) {
            worker.ok("up", "-d");
            long pid = worker.pid();
            Path region = region();
            Load load = new Load(worker.port());
            try {
                Thread.sleep(random.nextInt(1500));
                ProcessHandle.of(pid).orElseThrow().destroyForcibly();
                awaitEmpty(region);
            } finally {
                load.stop();
            }
            assertEquals("", mountsBelow(worker.path()), "after kill " + i);
        }
        nextRemovesTheRest();
    }

    private void nextRemovesTheRest() throws Exception {
        worker.ok("up", "-d");
        worker.ok("down");
        assertTrue(Files.notExists(region()), "the cgroups of the last worker are gone");
    }

    /** It cannot see that the worker is gone, and would never know. */
    @AlsoOnPureCgroup2
    @Test
    void aWardenThatIsStoppedEndsWithTheWorker() throws Exception {
        worker.ok("up", "-d");
        Path region = region();
        Load load = new Load(worker.port());
        ProcessHandle running = ProcessHandle.of(worker.pid()).orElseThrow();
        List<ProcessHandle> wardens = List.of();
        try {
            Thread.sleep(500);
            wardens = running.children().toList();
            for (ProcessHandle warden : wardens) {
                assertEquals(
                        0,
                        new ProcessBuilder("kill", "-STOP", Long.toString(warden.pid()))
                                .start()
                                .waitFor());
            }
            running.destroyForcibly();
            awaitEmpty(region);
        } finally {
            load.stop();
            wardens.forEach(ProcessHandle::destroyForcibly);
        }
        assertEquals(1, wardens.size());
        nextRemovesTheRest();
    }

    private Path region() throws IOException {
        return Machine.region(worker.path());
    }

    private static void awaitEmpty(Path region) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + MOST.toNanos();
        while (!processes(region).isEmpty()) {
            assertTrue(System.nanoTime() < deadline, () -> "still there after " + MOST + ": " + quietProcesses(region));
            Thread.sleep(10);
        }
    }

    private static List<String> quietProcesses(Path region) {
        try {
            return processes(region);
        } catch (IOException e) {
            return List.of(e.toString());
        }
    }

    private static List<String> processes(Path region) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> groups = Files.walk(region)) {
            for (Path file :
                    groups.filter(path -> path.endsWith("cgroup.procs")).toList()) {
                Files.readString(file)
                        .lines()
                        .map(pid -> file.getParent().getFileName() + ": " + pid)
                        .forEach(found::add);
            }
        }
        return found;
    }

    private static String mountsBelow(Path folder) throws IOException {
        try (Stream<String> mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            return String.join(
                    "\n",
                    mounts.filter(line -> line.contains(folder.toString())).toList());
        }
    }

    /** Clients that call lambdas until they are stopped. */
    private static final class Load {
        private final HttpClient client = HttpClient.newHttpClient();
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean stopped;

        Load(int port) {
            for (int i = 0; i < 4; i++) {
                URI lambda = URI.create("http://127.0.0.1:" + port + "/run/l" + i);
                threads.add(Thread.ofPlatform().start(() -> call(lambda)));
            }
        }

        private void call(URI lambda) {
            HttpRequest request = HttpRequest.newBuilder(lambda)
                    .timeout(Duration.ofSeconds(5))
                    .POST(HttpRequest.BodyPublishers.ofString("1"))
                    .build();
            while (!stopped) {
                try {
                    client.send(request, HttpResponse.BodyHandlers.discarding());
                } catch (IOException e) {
                    return; // the worker is gone, as it should be
                } catch (InterruptedException e) {
                    return;
                }
            }
        }

        void stop() throws InterruptedException {
            stopped = true;
            for (Thread thread : threads) {
                thread.interrupt();
                thread.join();
            }
            client.close();
        }
    }
}
