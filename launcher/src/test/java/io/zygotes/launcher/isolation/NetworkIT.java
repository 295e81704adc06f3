package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.launcher.image.Machine;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lambdas that take ports and connections: rows A72 and A100, each bounded in number and time. */
class NetworkIT {

    private static final String LIMITS = "limits: {mem_mb: 256, procs: 16, open_files: 1024, runtime_sec: 30}\n";

    /** Holds ports in some processes until its time is over; says which it has first. */
    private static final String HOLDS_PORTS = """
        import os, socket, time
        def hold(count, writer):
            held = []
            try:
                while len(held) < count:
                    held.append(socket.socket())
                    held[-1].bind(("127.0.0.1", 0))
            except OSError:
                pass
            os.write(writer, b"%d %d\\n" % (len(held), held[-1].getsockname()[1]))
            time.sleep(600)
        def f(event):
            reader, writer = os.pipe()
            children = []
            for _ in range(event["processes"]):
                pid = os.fork()
                if pid == 0:
                    hold(900, writer)
                children.append(pid)
            said = b""
            while said.count(b"\\n") < len(children):
                said += os.read(reader, 1000)
            got = [line.split() for line in said.splitlines()]
            if event["seconds"] > 0:
                time.sleep(event["seconds"])
            return [sum(int(g[0]) for g in got), int(got[0][1])]
        """;

    private AttackedWorker worker;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("NetworkIT");
    }

    @BeforeEach
    void start() throws Exception {
        worker = AttackedWorker.start(config -> {});
        worker.install("peer", "def f(event):\n    return 'well'\n", Map.of());
        assertPeerIsWell();
    }

    @AfterEach
    void stop() throws Exception {
        worker.close();
    }

    /** Over a connection of its own. */
    private void assertPeerIsWell() throws Exception {
        assertEquals(
                "\"well\"", worker.callOverNewConnection("peer", null).body().toString());
    }

    private JsonNode call(String lambda, Map<String, Object> event) throws Exception {
        return worker.ok(lambda, event).body();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(false);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (java.io.IOException e) {
            return false;
        }
    }

    @Test
    void a72ALambdaHasAsManyPortsAsItsLimitsAllowAndNoLongerThanItLives() throws Exception {
        worker.install("a72", HOLDS_PORTS, Map.of("ol.yaml", LIMITS));
        JsonNode got = call("a72", Map.of("processes", 6, "seconds", 0));
        assertTrue(got.get(0).asInt() > 4000, () -> "the attack works: " + got);
        assertTrue(!isFree(got.get(1).asInt()), "it is the host's port");
        for (int i = 0; i < 20; i++) {
            assertPeerIsWell();
        }
        worker.dropLeaves("a72");
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!isFree(got.get(1).asInt()) && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertTrue(isFree(got.get(1).asInt()), "A72 its ports are free when it is gone");
    }

    @Test
    void a72AWorkerThatStartsAgainGetsItsPort() throws Exception {
        worker.install("a72", HOLDS_PORTS, Map.of("ol.yaml", LIMITS));
        int port = worker.port();
        CompletableFuture<Integer> holds = CompletableFuture.supplyAsync(() -> {
            try {
                return worker.call("a72", Map.of("processes", 6, "seconds", 20)).status();
            } catch (Exception e) {
                return 0; // its worker goes meanwhile
            }
        });
        Thread.sleep(1500);
        assertPeerIsWell();
        worker.close();
        worker = AttackedWorker.start(config -> config.put("worker_port", port));
        assertEquals(port, worker.port(), "A72");
        worker.install("peer", "def f(event):\n    return 'well'\n", Map.of());
        assertPeerIsWell();
        holds.get(30, TimeUnit.SECONDS);
    }

    @Test
    void a72PortsOfANetworkOfItsOwnAreNotTheHosts() throws Exception {
        String takes = """
            import errno, socket
            held = []
            def f(port):
                held.append(socket.socket())
                try:
                    held[-1].bind(("127.0.0.1", port))
                    held[-1].listen()
                    return "taken"
                except OSError as error:
                    return errno.errorcode[error.errno]
            """;
        worker.install("a72-own", takes, Map.of("ol.yaml", LIMITS + "network: none\n"));
        worker.install("a72-host", takes, Map.of("ol.yaml", LIMITS + "network: host\n"));
        int port;
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = listening.getLocalPort();
            assertEquals("\"EADDRINUSE\"", worker.call("a72-host", port).body().toString(), "the attack works");
            assertEquals("\"taken\"", worker.call("a72-own", port).body().toString(), "A72");
        }
        assertTrue(isFree(port), "A72 the lambda has it in its own network, and the host can take it");
    }

    @Test
    void a100ManyConnectionsToTheWorkerKeepNobodyFromIt() throws Exception {
        worker.install("a100", """
            import os, socket, time
            def f(event):
                end = time.monotonic() + 4
                children = []
                for _ in range(6):
                    pid = os.fork()
                    if pid == 0:
                        held = []
                        while time.monotonic() < end and len(held) < 5000:
                            try:
                                one = socket.socket()
                                one.settimeout(1)
                                one.connect(("127.0.0.1", event["port"]))
                                if len(held) % 3 == 0:
                                    one.send(b"POST /run/peer HTT")
                                held.append(one)
                            except OSError:
                                for old in held[:500]:
                                    old.close()
                                del held[:500]
                        time.sleep(max(0, end - time.monotonic()))
                        os._exit(0)
                    children.append(pid)
                for pid in children:
                    os.waitpid(pid, 0)
                return "done"
            """, Map.of("ol.yaml", LIMITS));
        long before = Processes.openFiles();
        CompletableFuture<String> flood = CompletableFuture.supplyAsync(() -> {
            try {
                return worker.call("a100", Map.of("port", worker.port())).body().toString();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        int served = 0;
        long slowest = 0;
        while (!flood.isDone()) {
            long started = System.nanoTime();
            assertPeerIsWell();
            slowest = Math.max(slowest, System.nanoTime() - started);
            served++;
        }
        assertEquals("\"done\"", flood.get());
        long millis = slowest / 1_000_000;
        assertTrue(
                served > 20 && millis < 3000,
                "A100 served " + served + " calls meanwhile, the slowest in " + millis + " ms");
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (Processes.openFiles() > before + 40 && System.nanoTime() < deadline) {
            Thread.sleep(100);
        }
        long after = Processes.openFiles();
        assertTrue(after <= before + 40, "A100 the worker's open files: " + before + " became " + after);
    }

    @Test
    void a100DatagramsOfALambdaWithoutNetworkReachNobody() throws Exception {
        String sends = """
            import socket
            def f(event):
                sent = 0
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    for _ in range(2000):
                        try:
                            one.sendto(b"flood", ("127.0.0.1", event["port"]))
                            sent += 1
                        except OSError:
                            pass
                return sent
            """;
        worker.install("a100-none", sends, Map.of("ol.yaml", LIMITS + "network: none\n"));
        worker.install("a100-host", sends, Map.of("ol.yaml", LIMITS));
        try (DatagramSocket listener = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            listener.setSoTimeout(500);
            call("a100-none", Map.of("port", listener.getLocalPort()));
            assertThrows(
                    SocketTimeoutException.class, () -> listener.receive(new DatagramPacket(new byte[10], 10)), "A100");
            call("a100-host", Map.of("port", listener.getLocalPort()));
            listener.receive(new DatagramPacket(new byte[10], 10)); // so the probe works
        }
    }
}
