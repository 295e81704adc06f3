package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The limits that cgroups hold, whichever version has their controllers. */
@AlsoOnPureCgroup2
class LimitsTest {

    private RealSandboxes real;
    private Zygote root;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    @AfterEach
    void stop() {
        if (real != null) {
            real.close();
        }
    }

    private Leaf leaf(Limits limits, String source) throws Exception {
        Path handler = real.lambda("it", source).handler();
        return real.mechanism.createLeaf(
                Optional.of(root), new LeafSpec("it", handler, Set.of(), limits, Network.HOST, Map.of()));
    }

    private static String call(Leaf leaf, String event) throws Exception {
        return new String(
                leaf.call(Invocation.post(event.getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(30))
                        .body(),
                StandardCharsets.UTF_8);
    }

    @Test
    void aLeafHasNoMoreProcessesThanItMay() throws Exception {
        Limits limits = new Limits(64, 5, 100, 0, 20, 64, 4);
        Leaf leaf = leaf(limits, """
            import os, time
            def f(event):
                for n in range(20):
                    try:
                        if os.fork() == 0:
                            time.sleep(60)
                    except BlockingIOError:
                        return n
            """);
        assertEquals("4", call(leaf, ""));
    }

    @Test
    void allSandboxesTogetherLeaveProcessIdsToOthers() throws Exception {
        long most =
                Long.parseLong(FileIo.readFile(real.top("pids") + "/pids.max").strip());
        long all = Long.parseLong(FileIo.readFile("/proc/sys/kernel/pid_max").strip());
        assertTrue(most > 0 && most <= all * 3 / 4, () -> most + " of " + all);
    }

    @Test
    void whatWaitsInSocketsIsBoundedByTheLimitOfMemory() throws Exception {
        Limits limits = new Limits(32, 5, 100, 0, 20, 512, 4);
        Leaf leaf = leaf(limits, """
            import socket
            def f(event):
                sockets = []
                for _ in range(event):
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
                    one.bind(("127.0.0.1", 0))
                    one.setblocking(False)
                    sockets.append(one)
                    for _ in range(60):
                        one.sendto(bytes(50000), one.getsockname())
                arrived = 0
                for one in sockets:
                    try:
                        while True:
                            arrived += len(one.recv(65536))
                    except BlockingIOError:
                        pass
                return arrived
            """);
        assertTrue(Long.parseLong(call(leaf, "1")) >= 50000, "what is sent arrives");
        try {
            long arrived = Long.parseLong(call(leaf, "400"));
            assertTrue(arrived < 32 << 20, () -> arrived + " bytes waited");
        } catch (SandboxException.OutOfMemory e) {
            // Version 2 counts them as memory, and ends who has too much of it.
            assertFalse(leaf.alive());
        }
    }

    @Test
    void aLeafGetsNoMoreOfACpuThanItMay() throws Exception {
        Limits limits = new Limits(64, 5, 20, 0, 20, 64, 4);
        Leaf leaf = leaf(limits, """
            import time
            def f(event):
                wall, cpu = time.perf_counter(), time.process_time()
                while time.perf_counter() < wall + 1:
                    pass
                return (time.process_time() - cpu) / (time.perf_counter() - wall)
            """);
        double share = Double.parseDouble(call(leaf, ""));
        assertTrue(share < 0.5, () -> "it got " + share + " of a CPU instead of 0.2");
    }

    @Test
    void memoryIsNeverLimitedBelowWhatALeafHas() throws Exception {
        Leaf leaf = leaf(RealSandboxes.LIMITS, "kept = bytearray(40 << 20)\ndef f(event): return len(kept) >> 20\n");
        assertEquals("40", call(leaf, ""));
        assertTrue(leaf.memoryBytes() >= 40 << 20, () -> "only " + leaf.memoryBytes());
        assertTrue(leaf.privateBytes() >= 40 << 20, () -> "only " + leaf.privateBytes());
        long limit = real.mechanism.limitMemory(leaf, 1 << 20);
        assertTrue(limit >= 40 << 20, () -> "limited to " + limit);
        assertTrue(leaf.alive());
        assertEquals("40", call(leaf, ""));
    }

    @Test
    void aLeafWhoseMemoryWasLimitedAnewIsHeldToIt() throws Exception {
        Leaf leaf = leaf(RealSandboxes.LIMITS, "def f(event): return len(bytearray(event << 20)) >> 20\n");
        assertEquals("60", call(leaf, "60"));
        long limit = real.mechanism.limitMemory(leaf, 32 << 20);
        assertTrue(limit < 60 << 20, () -> "limited to " + limit);
        assertThrows(SandboxException.OutOfMemory.class, () -> call(leaf, "60"));
    }

    @Test
    void aChildThatTakesTooMuchMemoryIsToldFromOtherFailuresAndTheNextLeafIsNotBlamed() throws Exception {
        Limits limits = new Limits(48, 16, 100, 0, 20, 64, 4);
        String source = """
            import os
            def f(event):
                if os.fork() == 0:
                    bytearray(event << 20)
                    os._exit(0)
                if os.wait()[1]:
                    raise ValueError("the child failed")
                return "well"
            """;
        for (int round = 0; round < 2; round++) {
            Leaf greedy = leaf(limits, source);
            assertThrows(SandboxException.OutOfMemory.class, () -> call(greedy, "200"));
            Leaf modest = leaf(limits, source);
            assertEquals("\"well\"", call(modest, "1"));
            modest.destroy();
        }
    }

    @Test
    void aFrozenLeafIsEndedWithoutBeingThawed() throws Exception {
        Leaf leaf = leaf(RealSandboxes.LIMITS, "def f(event): return 1\n");
        call(leaf, "");
        leaf.freeze();
        SandboxGroup group = ((SockLeaf) leaf).group();
        leaf.destroy();
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!group.isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertTrue(group.isEmpty(), "it still has processes");
    }
}
