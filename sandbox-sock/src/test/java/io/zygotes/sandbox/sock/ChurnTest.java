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
    /** A run of this length has left the growth of a young Java behind when half of it is done. */
    private static final int LONG = 5000;

    @Test
    void asMuchIsThereAfterManyLeavesAsAfterTheFirst(@TempDir Path folder) throws Exception {
        try (RealSandboxes real = new RealSandboxes(folder)) {
            Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            LeafSpec spec = real.lambda("churn", "def f(event):\n    return event\n");
            Ledger before = null;
            long resident = 0;
            for (int i = 0; i < LEAVES; i++) {
                Leaf leaf = i % 7 == 0
                        ? real.mechanism.specialise(
                                real.mechanism.createSpare(root, RealSandboxes.LIMITS, Network.HOST), spec)
                        : real.mechanism.createLeaf(Optional.of(root), spec);
                if (i % 5 != 0) {
                    assertEquals(
                            200,
                            leaf.call(Invocation.post(new byte[] {'1'}), Duration.ofSeconds(30))
                                    .status());
                }
                if (i % 3 == 0) {
                    leaf.freeze();
                }
                leaf.destroy();
                if (i == FIRST) {
                    before = Ledger.settled(real);
                }
                if (i == Math.max(FIRST, LEAVES / 10)) {
                    resident = residentKilobytes();
                }
            }
            before.assertBack(real, LEAVES + " leaves");
            long now = residentKilobytes();
            System.out.println("[churn] " + LEAVES + " leaves made and destroyed: " + before + " became "
                    + Ledger.now(real) + ", " + resident + " KiB resident became " + now);
            if (LEAVES >= LONG) {
                long first = resident;
                assertTrue(now < first * 1.2, () -> "resident memory grew from " + first + " KiB to " + now);
            }
        }
    }

    /** Of this process, whose heap is first emptied of what nobody needs any more. */
    private static long residentKilobytes() throws IOException {
        System.gc();
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            String line =
                    lines.filter(each -> each.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", ""));
        }
    }
}
