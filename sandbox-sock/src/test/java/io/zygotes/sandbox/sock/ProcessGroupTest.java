package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Zygote;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Signals and priorities for a whole group of processes, also where Landlock does not hold signals back. */
@AlsoOnPureCgroup2
class ProcessGroupTest {

    private static String call(Leaf leaf) throws Exception {
        Reply reply = leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(20));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void aLeafReachesNeitherItsZygoteNorOtherLeavesByTheirGroup(@TempDir Path folder) throws Exception {
        try (RealSandboxes real = new RealSandboxes(folder)) {
            Zygote zygote = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
            String priority = "import os\ndef f(event): return os.getpriority(os.PRIO_PROCESS, 0)\n";
            Leaf before = real.mechanism.createLeaf(Optional.of(zygote), real.lambda("before", priority));
            String usual = call(before); // who builds may have lowered it
            assertFalse(usual.equals("200 19"), usual);
            Leaf hostile = real.mechanism.createLeaf(Optional.of(zygote), real.lambda("hostile", """
                import os, signal
                def f(event):
                    os.setpriority(os.PRIO_PGRP, 0, 19)
                    child = os.fork()
                    if child == 0:
                        os.kill(0, signal.SIGKILL)
                        os._exit(0)
                    return os.waitpid(child, 0)[1]
                """));
            assertEquals("200 9", call(hostile), "it reached its own child");
            assertEquals(usual, call(before));
            assertTrue(zygote.alive());
            Leaf after = real.mechanism.createLeaf(Optional.of(zygote), real.lambda("after", priority));
            assertEquals(usual, call(after));
        }
    }
}
