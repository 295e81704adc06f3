package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.protocol.OpenFilesOf;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Open files whose last close waits for somebody else, sent to the worker by a hostile leaf: on a kernel that cannot
 * refuse them (before 6.16), or as if it could not.
 */
@Timeout(120)
class UnaskedFilesTest {

    private static final int ATTACKS = 6;

    private RealSandboxes real;
    private Zygote root;
    /** Takes connections and reads nothing; it lives longer than the leaves. */
    private ServerSocket silent;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        silent = new ServerSocket(0, 2 * ATTACKS, InetAddress.getLoopbackAddress());
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    @AfterEach
    void stop() throws IOException {
        real.close();
        silent.close();
    }

    private static long count(String folder) throws Exception {
        try (Stream<Path> all = Files.list(Path.of("/proc/self", folder))) {
            return all.count();
        }
    }

    private static void awaitNoMore(String folder, long before) throws Exception {
        long now = count(folder);
        // The JVM's own threads and files come and go; an attack leaves as many as there were attacks.
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                now >= before + ATTACKS && System.nanoTime() < end;
                now = count(folder)) {
            Thread.sleep(50);
        }
        assertTrue(now < before + ATTACKS, "/proc/self/" + folder + ": " + now + ", before " + before);
    }

    /**
     * Sockets as they are, inside of Unix sockets, before an end that nobody reads, and behind what is more than is
     * kept.
     */
    @ParameterizedTest
    @ValueSource(strings = {"send(sent)", "send(inside(sent))", "send(sent); os._exit(0)", "fill(); send(sent)"})
    void noThreadAndNoFileOfTheWorkerWaitsForWhomALeafChose(String attack) throws Exception {
        LeafSpec hostile = real.lambda("hostile", """
            import array, os, socket, struct, time
            def inside(one):
                left, right = socket.socketpair()
                send(one, left)
                left.close()
                return right
            def send(one, over=None, data=b"x"):
                over = over or socket.socket(fileno=os.dup(3))
                over.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [one.fileno()] * 3))])
            def fill():
                channel = socket.socket(fileno=os.dup(3))
                channel.settimeout(0.3)
                try:
                    while True:
                        channel.send(bytes(1000))
                except OSError:
                    pass
            def f(event):
                sent = socket.create_connection(("127.0.0.1", %d))
                # Whoever closes the last copy waits for as long as that, if nobody reads.
                sent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
                sent.setblocking(False)
                try:
                    while True:
                        sent.send(bytes(65536))
                except BlockingIOError:
                    pass
                %s
                time.sleep(60)
            """.formatted(silent.getLocalPort(), attack));
        attack(hostile);
        long threads = count("task");
        long files = count("fd");

        for (int i = 0; i < ATTACKS; i++) {
            attack(hostile);
        }

        awaitNoMore("task", threads);
        awaitNoMore("fd", files);
        Leaf well = real.mechanism.createLeaf(Optional.of(root), real.lambda("well", "def f(event): return 'well'\n"));
        assertEquals(
                200,
                well.call(Invocation.post(new byte[0]), Duration.ofSeconds(20)).status());
        well.destroy();
    }

    private void attack(LeafSpec hostile) throws Exception {
        SockLeaf leaf = (SockLeaf) real.mechanism.createLeaf(Optional.of(root), hostile);
        OpenFilesOf.allow(leaf.channel());
        assertThrows(SandboxException.class, () -> leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(5)));
        leaf.destroy();
    }
}
