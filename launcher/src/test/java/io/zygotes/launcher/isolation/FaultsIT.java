package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import io.zygotes.testbed.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What fails around a worker: the client is told, nothing is lost or left, and the next request works. */
class FaultsIT extends WithOwnWorker {

    private static final String LIMITS = "limits: {mem_mb: 96, procs: 24, runtime_sec: %d}\n";
    private static final String WELL = "def f(event):\n    return 'well'\n";

    @TempDir
    private Path place;

    @TempDir
    private Path registry;

    private void assertWell() throws Exception {
        AttackedWorker.Answer answer = worker.call("well", null);
        assertEquals("\"well\"", answer.body().toString());
    }

    private long reserved() {
        return worker.worker().statistics().get("memory_reserved_bytes").longValue();
    }

    /** What is reserved once nothing is on its way any more, without leaves. */
    private long settled() throws InterruptedException {
        long before = -1;
        for (int i = 0, same = 0; i < 100 && same < 8; i++) {
            long now = reserved();
            same = now == before ? same + 1 : 0;
            before = now;
            Thread.sleep(100);
        }
        return before;
    }

    /** The byte code of a lambda is there: no job that compiles it has memory reserved any more. */
    private void awaitByteCode(String lambda) throws Exception {
        Path compiled = worker.code(lambda).resolve("__pycache__");
        for (int i = 0; i < 100 && !Files.exists(compiled); i++) {
            Thread.sleep(100);
        }
        assertTrue(Files.exists(compiled), compiled + " is missing");
    }

    /** A frozen leaf keeps what it uses, which is a little more or less; one that was lost would be its limit. */
    private void assertAccounted(long before) throws InterruptedException {
        long now = settled();
        assertTrue(Math.abs(now - before) < 8 << 20, () -> "of memory " + before + " bytes were reserved, now " + now);
    }

    /** A lambda that says that a call has begun. */
    private static final String SLOW = """
        import time
        def f(seconds):
            print("begun for %d" % seconds, flush=True)
            time.sleep(seconds)
            return "done"
        """;

    /**
     * A lambda that cannot be imported.
     *
     * @param source its code
     * @param status of the answer
     * @param reason what the answer says
     */
    private record Failing(String source, int status, String reason) {}

    private static final List<Failing> FAILING = List.of(
            new Failing("import os; os.abort()", 502, "ended by signal 6 (SIGABRT)"),
            new Failing("import ctypes; ctypes.string_at(0)", 502, "ended by signal 11 (SIGSEGV)"),
            new Failing("import os; os._exit(7)", 502, "code 7"),
            new Failing("import sys; sys.exit(7)", 500, "SystemExit"),
            new Failing("import time; time.sleep(600)", 504, "importing f.py"),
            new Failing("while True: pass", 504, "importing f.py"),
            new Failing("x = bytearray(1 << 28); y = [bytes(1 << 20) for _ in range(400)]", 502, "out of memory"),
            new Failing("import os; os.closerange(0, 9999)", 502, "ended importing"),
            new Failing("import no_such_module", 500, "no_such_module"),
            new Failing("def f(", 500, "SyntaxError"),
            new Failing("f = 1", 500, "no function f"));

    @TestFactory
    List<DynamicTest> anImportThatFailsIsToldWithItsReasonAndCostsNothing() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("well", WELL, Map.of());
        assertWell();
        awaitByteCode("well");
        long before = settled();
        List<DynamicTest> tests = new ArrayList<>();
        for (Failing failing : FAILING) {
            String lambda = "bad" + tests.size();
            tests.add(dynamicTest(failing.source(), () -> assertTold(failing, lambda, before)));
        }
        return tests;
    }

    private void assertTold(Failing failing, String lambda, long before) throws Exception {
        // Who ends by itself has the time for it on a busy machine, too.
        String limits = LIMITS.formatted(failing.status() == 504 ? 1 : 60);
        for (int i = 0; i < 3; i++) {
            worker.install(lambda, failing.source() + "\n", Map.of("ol.yaml", limits));
            AttackedWorker.Answer answer = worker.call(lambda, null);
            assertEquals(failing.status(), answer.status(), () -> answer.body().toString());
            boolean refused = failing.reason().equals("out of memory")
                    && answer.body().toString().contains("MemoryError");
            assertTrue(
                    refused || answer.body().get("error").asText().contains(failing.reason()),
                    () -> answer.body().toString());
            assertTrue(answer.body().get("error").asText().contains(lambda), "it names the lambda");
            assertWell();
        }
        assertTrue(worker.worker().leaves(lambda).stream().noneMatch(leaf -> leaf.alive()), "no leaf is left");
        assertAccounted(before);
        worker.install(lambda, WELL, Map.of("ol.yaml", LIMITS.formatted(60)));
        assertEquals("\"well\"", worker.call(lambda, null).body().toString(), "mended, it works");
        // Its memory is not the next one's to account for.
        worker.dropLeaves(lambda);
    }

    /** A worker on a small disk, whose lambdas print, and whose calls are recorded. */
    private SmallDisk disk() throws Exception {
        SmallDisk disk = SmallDisk.mount(place, 24);
        worker = AttackedWorker.startIn(
                disk.folder().resolve("worker-of-test"),
                config -> {
                    ((ObjectNode) config.get("trace")).put("package", true);
                    config.put("registry", registry.toString());
                },
                HostilePackage.of("pack", "VALUE = 'packed'\n"));
        worker.install("well", "def f(event):\n    print('x' * 1000)\n    return 'well'\n", Map.of());
        worker.install(
                "packs",
                "import pack\ndef f(event):\n    return pack.VALUE\n",
                Map.of("requirements.txt", "pack==1\n"));
        assertWell();
        return disk;
    }

    private void close(SmallDisk disk) throws Exception {
        try {
            worker.close();
            worker = null;
        } finally {
            disk.close();
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void aFullDiskStopsWhatNeedsItAndNothingElseAndAllWorksWhenThereIsRoomAgain() throws Exception {
        SmallDisk disk = disk();
        try {
            disk.fill();
            // What was unpacked before goes on, in old leaves and in new ones, whatever it prints.
            for (int i = 0; i < 40; i++) {
                assertWell();
                if (i % 10 == 0) {
                    worker.dropLeaves("well");
                }
            }
            worker.worker().zygotes().forEach(zygote -> zygote.destroy());
            assertWell();
            // New code cannot be unpacked.
            AttackedWorker.Answer unpacked = worker.call("packs", null);
            assertEquals(507, unpacked.status());
            assertTrue(
                    unpacked.body().toString().contains("No space left"),
                    unpacked.body().toString());
            assertTrue(
                    unpacked.body().toString().contains("packs"),
                    unpacked.body().toString());
            AttackedWorker.Answer version = worker.call("well", null);
            assertEquals(200, version.status());
            assertEquals(List.of(), halves(), "nothing half-done has a name that counts");
            disk.free();
            assertEquals("\"packed\"", worker.call("packs", null).body().toString());
            assertWell();
            awaitLine();
        } finally {
            close(disk);
        }
    }

    @Test
    void anInstallOnAFullDiskFailsWithTheReasonAndIsTriedAgain() throws Exception {
        SmallDisk disk = disk();
        try (PackageIndex index = PackageIndex.make()) {
            // Larger than what will be left of the disk.
            index.add("late", Map.of("late.py", "VALUE = 'late'\n#" + "x".repeat(1 << 20)), "");
            close(worker);
            worker = AttackedWorker.startIn(
                    disk.folder().resolve("second"), config -> config.put("pip_mirror", index.url()));
            worker.install("well", WELL, Map.of());
            worker.install(
                    "late",
                    "import late\ndef f(event):\n    return late.VALUE\n",
                    Map.of("requirements.txt", "late==1\n"));
            assertWell();
            awaitByteCode("well");
            // The code can be unpacked, the package cannot.
            disk.fillBut(256 << 10);
            AttackedWorker.Answer refused = worker.call("late", null);
            assertEquals(500, refused.status());
            String said = refused.body().toString();
            assertTrue(said.contains("late==1"), said);
            assertTrue(said.contains("No space left") || said.contains("must stay free"), said);
            assertFalse(Files.exists(worker.directory().resolve("packages/late==1")));
            assertEquals(List.of(), worker.staging(), "nothing is left of the install");
            assertWell();
            disk.free();
            assertEquals("\"late\"", worker.call("late", null).body().toString());
        } finally {
            close(disk);
        }
    }

    private static void close(AttackedWorker worker) throws Exception {
        worker.close();
    }

    /** Versions of lambdas that do not hold an f.py. */
    private List<Path> halves() throws Exception {
        try (Stream<Path> all =
                Files.find(worker.directory().resolve("code"), 2, (path, attributes) -> attributes.isDirectory())) {
            return all.filter(path -> path.getNameCount() == worker.directory().getNameCount() + 3)
                    .filter(path -> !path.getFileName().toString().startsWith("."))
                    .filter(path -> !Files.exists(path.resolve("f.py")))
                    .toList();
        }
    }

    /** What is printed is kept again. */
    private void awaitLine() throws Exception {
        Path log = worker.directory().resolve("logs/lambdas.log");
        long size = Files.size(log);
        for (int i = 0; i < 100 && Files.size(log) <= size; i++) {
            assertWell();
            Thread.sleep(50);
        }
        assertTrue(Files.size(log) > size, "the log stays as it was");
    }

    @AlsoOnPureCgroup2
    @Test
    void aZygoteThatIsKilledOrFrozenFromOutsideIsReplaced() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("well", WELL, Map.of());
        assertWell();
        for (int i = 0; i < 3; i++) {
            kill(zygoteGroup().orElseThrow(), i > 0);
            worker.dropLeaves("well");
            assertWell();
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void aLeafThatIsKilledFromOutsideFailsTheCallThatItHasAndTheNextIsServed() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("slow", SLOW, Map.of());
        assertEquals("\"done\"", worker.call("slow", 0).body().toString());
        awaitByteCode("slow");
        long before = settled();
        for (boolean frozen : new boolean[] {false, true}) {
            int seconds = frozen ? 601 : 600;
            CompletableFuture<AttackedWorker.Answer> inFlight = callAside("slow", seconds);
            worker.awaitPrinted("begun for " + seconds);
            kill(leafGroup().orElseThrow(), frozen);
            AttackedWorker.Answer failed = inFlight.get(30, TimeUnit.SECONDS);
            assertEquals(502, failed.status(), "it reached the lambda, so it is not tried again");
            assertTrue(
                    failed.body().get("error").asText().contains("slow"),
                    failed.body().toString());
            assertEquals("\"done\"", worker.call("slow", 0).body().toString());
            for (int i = 0; i < 6; i++) {
                kill(leafGroup().orElseThrow(), frozen);
                AttackedWorker.Answer next = worker.call("slow", 0);
                assertEquals("\"done\"", next.body().toString(), "the leaf was at rest, and the call never reached it");
                assertEquals("hit", next.start(), "the zygote is as it was");
            }
        }
        assertAccounted(before);
    }

    @AlsoOnPureCgroup2
    @Test
    void aCgroupThatIsBusyHoldsUpNoRequestAndIsRemovedLater() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("well", WELL, Map.of());
        assertWell();
        Path region = Machine.region(worker.directory());
        Path group = leafGroup().orElseThrow();
        Path below = Files.createDirectory(group.resolve("busy"));
        Process stranger = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(stranger.pid()));
            worker.dropLeaves("well");
            for (int i = 0; i < 5; i++) {
                assertWell();
                worker.dropLeaves("well");
            }
            assertTrue(stranger.waitFor(30, TimeUnit.SECONDS), "what is in a sandbox's group ends with it");
            worker.worker().zygotes().forEach(zygote -> zygote.destroy());
            assertWell();
        } finally {
            stranger.destroyForcibly();
            Files.deleteIfExists(below);
        }
        worker.close();
        worker = null;
        assertFalse(Files.exists(region), "the worker's cgroups are gone");
    }

    private CompletableFuture<AttackedWorker.Answer> callAside(String lambda, Object event) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return worker.call(lambda, event);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static void kill(Path group, boolean frozen) throws IOException {
        if (frozen) {
            Files.writeString(group.resolve("cgroup.freeze"), "1");
        }
        Files.writeString(group.resolve("cgroup.kill"), "1");
    }

    private Optional<Path> zygoteGroup() throws IOException {
        return populatedGroup("self");
    }

    private Optional<Path> leafGroup() throws IOException {
        return populatedGroup("leaf-");
    }

    /** One with a process, below a zygote's. */
    private Optional<Path> populatedGroup(String prefix) throws IOException {
        try (Stream<Path> groups = Files.walk(Machine.region(worker.directory()), 2)) {
            return groups.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .filter(path -> path.getParent().getFileName().toString().startsWith("zygote"))
                    .filter(FaultsIT::populated)
                    .findFirst();
        }
    }

    private static boolean populated(Path group) {
        try {
            return Files.readString(group.resolve("cgroup.events")).contains("populated 1");
        } catch (IOException e) {
            return false;
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void aWardenThatIsKilledFailsWhatRunsAndTheNextRequestWorks() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("well", WELL, Map.of());
        worker.install("slow", SLOW, Map.of());
        assertWell();
        awaitByteCode("well");
        long before = settled();
        CompletableFuture<AttackedWorker.Answer> slow = callAside("slow", 600);
        worker.awaitPrinted("begun for 600");
        Files.writeString(Machine.region(worker.directory()).resolve("warden/cgroup.kill"), "1");
        assertEquals(502, slow.get(30, TimeUnit.SECONDS).status(), "the request in flight gets an error");
        assertWell();
        assertAccounted(before);
    }
}
