package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Network;
import io.zygotes.spi.Zygote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Making and destroying leaves leaves nothing behind. {@code -Dzygotes.churn=10000} for a long run. */
class ChurnTest {

    private static final int LEAVES = Integer.getInteger("zygotes.churn", 1000);
    private static final int FIRST = 100;
    /** Empty groups that a zygote may keep, and those of kits made ahead. */
    private static final int MOST_KEPT = 8 + 3;

    /** What there is of everything that could leak. */
    private record Ledger(long processes, long mounts, long groups, long descriptors, long threads) {

        static Ledger now(Path region) throws IOException {
            return new Ledger(
                    processes(region),
                    count(Path.of("/proc/self/mountinfo")),
                    entries(region),
                    list(Path.of("/proc/self/fd")),
                    list(Path.of("/proc/self/task")));
        }

        private static long processes(Path region) throws IOException {
            try (Stream<Path> files = Files.walk(region)) {
                return files.filter(file -> file.endsWith("cgroup.procs")).mapToLong(Ledger::lines).sum();
            }
        }

        private static long lines(Path file) {
            return CgroupLayout.processes(file.getParent().toString()).lines().count();
        }

        private static long count(Path file) throws IOException {
            try (Stream<String> lines = Files.lines(file)) {
                return lines.count();
            }
        }

        private static long entries(Path folder) throws IOException {
            try (Stream<Path> all = Files.walk(folder)) {
                return all.filter(Files::isDirectory).count();
            }
        }

        private static long list(Path folder) throws IOException {
            try (Stream<Path> all = Files.list(folder)) {
                return all.count();
            }
        }

        boolean isWithin(Ledger before) {
            return processes <= before.processes
                    && mounts <= before.mounts
                    && groups <= before.groups + MOST_KEPT
                    && descriptors <= before.descriptors + 10
                    && threads <= before.threads;
        }
    }

    @Test
    void as_much_is_there_after_many_leaves_as_after_the_first(@TempDir Path folder) throws Exception {
        try (RealSandboxes real = new RealSandboxes(folder)) {
            Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            LeafSpec spec = real.lambda("churn", "def f(event):\n    return event\n");
            Path region = null;
            Ledger before = null;
            for (int i = 0; i < LEAVES; i++) {
                Leaf leaf = i % 7 == 0
                        ? real.mechanism.specialise(
                                real.mechanism.createSpare(root, RealSandboxes.LIMITS, Network.HOST), spec)
                        : real.mechanism.createLeaf(Optional.of(root), spec);
                if (i % 5 != 0) {
                    assertEquals(
                            200, leaf.call(Invocation.post(new byte[] {'1'}), Duration.ofSeconds(10)).status());
                }
                if (i % 3 == 0) {
                    leaf.freeze();
                }
                region = Path.of(((SockLeaf) leaf).group().path()).getParent().getParent();
                leaf.destroy();
                if (i == FIRST) {
                    before = settled(region, null);
                }
            }
            Ledger after = settled(region, before);
            assertTrue(after.isWithin(before), "before: " + before + ", after " + LEAVES + " leaves: " + after);
        }
    }

    /** The ledger when the background has caught up. */
    private static Ledger settled(Path region, Ledger wanted) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + 5_000_000_000L;
        Thread.sleep(300);
        Ledger now = Ledger.now(region);
        while (wanted != null && !now.isWithin(wanted) && System.nanoTime() < deadline) {
            Thread.sleep(50);
            now = Ledger.now(region);
        }
        return now;
    }
}
