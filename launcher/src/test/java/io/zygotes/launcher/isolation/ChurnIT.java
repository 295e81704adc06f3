package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Leaves of a worker come and go over HTTP, and nothing grows. {@code -Dzygotes.churn=10000} for a long run. */
class ChurnIT {

    private static final int LEAVES = Integer.getInteger("zygotes.churn", 400);
    private static final int FIRST = Math.min(100, LEAVES / 4);
    /** A run of this length shows whether memory grows; in a shorter one Java itself still does. */
    private static final int LONG = 5000;

    /** What there is after a while of rest. */
    private record Ledger(
            long processes, long mounts, long groups, long files, long descriptors, long threads, long reserved) {

        boolean isWithin(Ledger before) {
            return processes <= before.processes
                    && mounts <= before.mounts
                    && groups <= before.groups + 12
                    && files <= before.files
                    && descriptors <= before.descriptors + 30
                    && threads <= before.threads + 8
                    && reserved <= before.reserved + (4L << 20);
        }
    }

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("ChurnIT");
    }

    private static long entries(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.count();
        }
    }

    private static long below(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(path -> !path.toString().contains("/logs/")).count();
        }
    }

    private static Ledger ledger(AttackedWorker worker) throws Exception {
        Thread.sleep(1500);
        long processes = 0;
        long groups = 0;
        try (Stream<Path> all = Files.walk(Machine.region(worker.directory()))) {
            for (Path group : all.filter(Files::isDirectory).toList()) {
                groups++;
                processes +=
                        Files.readString(group.resolve("cgroup.procs")).lines().count();
            }
        }
        return new Ledger(
                processes,
                Files.readAllLines(Path.of("/proc/self/mountinfo")).size(),
                groups,
                below(worker.directory()),
                entries(Path.of("/proc/self/fd")),
                entries(Path.of("/proc/self/task")),
                worker.worker().statistics().get("memory_reserved_bytes").longValue());
    }

    /** It is written by jobs after the first calls. */
    private static void awaitByteCode(AttackedWorker worker, int lambdas) throws Exception {
        long written = 0;
        for (long end = System.nanoTime() + 60_000_000_000L; written < lambdas && System.nanoTime() < end; ) {
            Thread.sleep(50);
            try (Stream<Path> all = Files.walk(worker.directory())) {
                written = all.filter(path -> path.getFileName().toString().matches("f\\..*\\.pyc"))
                        .count();
            } catch (UncheckedIOException e) {
                written = 0; // a folder of a job went while we looked
            }
        }
        assertEquals(lambdas, written, "byte code");
    }

    /** Of this process, in which the worker runs, without what its heap holds for nobody. */
    private static long residentKilobytes() throws IOException {
        System.gc();
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            String line =
                    lines.filter(each -> each.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", ""));
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void asMuchIsThereAfterManyLeavesAsAfterTheFirst() throws Exception {
        try (AttackedWorker worker = AttackedWorker.start(config -> config.put("spare_leaves", 1))) {
            for (int i = 0; i < 4; i++) {
                worker.install(
                        "churn" + i,
                        "import os\ndef f(event):\n    open('/tmp/' + str(event), 'w').write('x' * 10000)\n"
                                + "    print(event)\n    return event\n",
                        Map.of());
            }
            Ledger before = null;
            long resident = 0;
            for (int i = 0; i < LEAVES; i++) {
                String lambda = "churn" + i % 4;
                assertEquals(i, worker.call(lambda, i).body().asInt());
                if (i % 3 == 0) {
                    assertEquals(i, worker.call(lambda, i).body().asInt(), "warm");
                }
                worker.dropLeaves(lambda);
                if (i == FIRST) {
                    awaitByteCode(worker, 4);
                    before = ledger(worker);
                }
                if (i == Math.max(FIRST, LEAVES / 10)) {
                    resident = residentKilobytes();
                }
            }
            Ledger after = ledger(worker);
            long now = residentKilobytes();
            System.out.println("[churn] " + LEAVES + " leaves over HTTP: " + before + " became " + after + ", "
                    + resident + " KiB resident became " + now);
            Ledger first = before;
            assertTrue(
                    after.isWithin(first),
                    () -> "after " + FIRST + " leaves: " + first + ", after " + LEAVES + ": " + after);
            if (LEAVES >= LONG) {
                long then = resident;
                assertTrue(now < then * 1.2, () -> "resident memory grew from " + then + " KiB to " + now);
            }
        }
    }
}
