package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zygotes.sandbox.sock.network.NetworkWall;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.IpRange;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Word;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.NetworkPlan;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That each sandbox has the rules of whom it is for. Whether something is reached is tried at a server on loopback. */
@AlsoOnPureCgroup2
class NetworkRulesTest {

    private static final NetworkRules INTERNET = NetworkRules.EVERYTHING.and(layer(Word.INTERNET));
    private static final NetworkRules LOOPBACK =
            NetworkRules.EVERYTHING.and(layer(new NetworkRule.Addresses(IpRange.parse("127.0.0.0/8"))));

    /** f answers how a connection to the port that is named ends, or keeps a port of its own. */
    private static final String TRIES = """
        import errno, socket
        kept = []
        def attempt(port):
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                return "ok"
            except OSError as e:
                return errno.errorcode.get(e.errno, str(e))
        def f(event):
            if event == "listen":
                kept.append(socket.create_server(("127.0.0.1", 0)))
                return kept[-1].getsockname()[1]
            return attempt(event)
        """;

    @TempDir
    Path folder;

    private RealSandboxes real;
    private ServerSocket server;

    private static NetworkRules.Layer layer(NetworkRule.Target target) {
        return new NetworkRules.Layer(List.of(NetworkRule.all(target)), List.of());
    }

    @BeforeEach
    void start() throws Exception {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "needs root");
        try {
            NetworkWall.tryOut();
        } catch (IOException e) {
            abort("this kernel has no programs for cgroups: " + e.getMessage());
        }
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        real = new RealSandboxes(
                folder, new NetworkPlan(Network.HOST, INTERNET, Network.HOST, INTERNET, NetworkRules.EVERYTHING));
    }

    @AfterEach
    void stop() throws Exception {
        if (real != null) {
            real.close();
        }
        if (server != null) {
            server.close();
        }
    }

    private LeafSpec spec(String name, NetworkRules rules, PackageId... pins) {
        return spec(name, TRIES, rules, pins);
    }

    private LeafSpec spec(String name, String source, NetworkRules rules, PackageId... pins) {
        LeafSpec plain = real.lambda(name, source, pins);
        return new LeafSpec(name, plain.handler(), plain.packages(), plain.limits(), plain.network(), Map.of(), rules);
    }

    private static String call(Leaf leaf, Object event) throws Exception {
        String body = event instanceof String text ? "\"" + text + "\"" : event.toString();
        Reply reply = leaf.call(Invocation.post(body.getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(30));
        return new String(reply.body(), StandardCharsets.UTF_8).replace("\"", "");
    }

    private String reaches(Leaf leaf) throws Exception {
        return call(leaf, server.getLocalPort());
    }

    private Zygote root() throws Exception {
        return real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    private static void await(BooleanSupplier what) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!what.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "it did not come about");
            Thread.sleep(10);
        }
    }

    @Test
    void leavesOfOneZygoteHaveTheRulesOfTheirLambdas() throws Exception {
        Optional<Zygote> root = Optional.of(root());
        Leaf strict = real.mechanism.createLeaf(root, spec("strict", INTERNET));
        Leaf local = real.mechanism.createLeaf(root, spec("local", LOOPBACK));
        Leaf free = real.mechanism.createLeaf(root, spec("free", NetworkRules.EVERYTHING));
        for (int i = 0; i < 2; i++) {
            assertEquals("EPERM", reaches(strict));
            assertEquals("ok", reaches(local));
            assertEquals("ok", reaches(free));
        }
    }

    @Test
    void aFreshLeafHasTheRulesOfItsLambda() throws Exception {
        assertEquals("EPERM", reaches(real.mechanism.createLeaf(Optional.empty(), spec("strict", INTERNET))));
        assertEquals("ok", reaches(real.mechanism.createLeaf(Optional.empty(), spec("local", LOOPBACK))));
    }

    @Test
    void aLeafThatWasFrozenHasItsRules() throws Exception {
        Optional<Zygote> root = Optional.of(root());
        Leaf strict = real.mechanism.createLeaf(root, spec("strict", INTERNET));
        Leaf local = real.mechanism.createLeaf(root, spec("local", LOOPBACK));
        for (int i = 0; i < 3; i++) {
            for (Leaf leaf : List.of(strict, local)) {
                leaf.freeze();
                Thread.sleep(50);
                leaf.thaw();
            }
            assertEquals("EPERM", reaches(strict));
            assertEquals("ok", reaches(local));
        }
    }

    @Test
    void aGroupThatIsUsedAgainHasNothingOfTheRulesBefore() throws Exception {
        Optional<Zygote> root = Optional.of(root());
        List<NetworkRules> turns = List.of(LOOPBACK, INTERNET, NetworkRules.EVERYTHING, INTERNET);
        for (int i = 0; i < 24; i++) {
            NetworkRules rules = turns.get(i % turns.size());
            Leaf leaf = real.mechanism.createLeaf(root, spec("turn", rules));
            assertEquals(rules == INTERNET ? "EPERM" : "ok", reaches(leaf));
            leaf.destroy();
        }
    }

    @Test
    void aSpareGetsTheRulesOfTheLambdaThatItIsGivenTo() throws Exception {
        Zygote root = root();
        List<NetworkRules> turns = List.of(LOOPBACK, INTERNET, NetworkRules.EVERYTHING);
        for (NetworkRules rules : turns) {
            Sandbox spare = real.mechanism.createSpare(root, RealSandboxes.LIMITS, Network.HOST);
            Leaf leaf = real.mechanism.specialise(spare, spec("late", rules));
            assertEquals(rules == INTERNET ? "EPERM" : "ok", reaches(leaf));
        }
    }

    @Test
    void aSpareThatHasEndedDoesNotGiveItsRulesToTheNextInItsGroup() throws Exception {
        Zygote root = root();
        SockLeaf spare = (SockLeaf) real.mechanism.createSpare(root, RealSandboxes.LIMITS, Network.HOST);
        spare.destroy();
        List<SockLeaf> strict = new ArrayList<>();
        await(() -> {
            strict.add((SockLeaf)
                    assertDoesNotThrow(() -> real.mechanism.createLeaf(Optional.of(root), spec("strict", INTERNET))));
            return strict.getLast().group().id() == spare.group().id();
        });
        long memory = strict.getLast().group().memoryLimit();
        LeafSpec late = spec("late", LOOPBACK);
        assertThrows(SandboxException.class, () -> real.mechanism.specialise(spare, late));
        assertEquals("EPERM", reaches(strict.getLast()));
        assertEquals(memory, strict.getLast().group().memoryLimit());
    }

    @Test
    void aSpareThatNobodyHasReachesWhatItsZygoteDoes() throws Exception {
        // A package that leaves something behind that runs in each fork, before the lambda is known.
        PackageId sly = real.pack("sly", "1.0", """
            import os, socket
            said = []
            def look():
                try:
                    socket.create_connection(("127.0.0.1", %d), 5).close()
                    said.append("ok")
                except OSError as e:
                    said.append(e.strerror)
            os.register_at_fork(after_in_child=look)
            """.formatted(server.getLocalPort()));
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(sly));
        Sandbox spare = real.mechanism.createSpare(zygote, RealSandboxes.LIMITS, Network.HOST);
        Thread.sleep(300);
        Leaf leaf = real.mechanism.specialise(
                spare, spec("it", "import sly\ndef f(event): return sorted(set(sly.said))\n", LOOPBACK, sly));
        assertEquals("[Operation not permitted]", call(leaf, 0));
    }

    @Test
    void aZygoteHasItsOwnRulesWhileItImports() throws Exception {
        PackageId nosy = real.pack("nosy", "1.0", TRIES + "SEEN = attempt(" + server.getLocalPort() + ")\n");
        PackageId child = real.pack("child", "1.0", TRIES + "SEEN = attempt(" + server.getLocalPort() + ")\n");
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(nosy));
        Zygote below = real.mechanism.createZygote(Optional.of(zygote), RealSandboxes.zygote(nosy, child));
        String source = "import nosy, child\ndef f(event): return [nosy.SEEN, child.SEEN, nosy.attempt(event)]\n";
        Leaf leaf = real.mechanism.createLeaf(Optional.of(below), spec("it", source, LOOPBACK, nosy, child));
        assertEquals("[EPERM, EPERM, ok]", reaches(leaf));
    }

    @Test
    void aJobHasItsOwnRules() throws Exception {
        String script = TRIES + "print(attempt(" + server.getLocalPort() + "))\n";
        for (NetworkRules rules : List.of(INTERNET, LOOPBACK)) {
            Job job = new Job("try", script, List.of(), Map.of(), List.of(), RealSandboxes.LIMITS, Network.HOST, rules);
            String expected = rules == INTERNET ? "EPERM" : "ok";
            assertEquals(expected, real.mechanism.run(job).output().strip());
        }
        assertEquals(Map.of("all installs", 1L), real.mechanism.networkRefusals());
    }

    @Test
    void lambdasReachTheirOwnPortsAndNotThoseOfOthers() throws Exception {
        Optional<Zygote> root = Optional.of(root());
        Leaf one = real.mechanism.createLeaf(root, spec("one", INTERNET));
        Leaf two = real.mechanism.createLeaf(root, spec("two", INTERNET));
        int port = Integer.parseInt(call(one, "listen"));
        assertEquals("ok", call(one, port));
        assertEquals("EPERM", call(two, port));
        one.freeze();
        one.thaw();
        assertEquals("ok", call(one, port));
    }

    @Test
    void rulesSayNothingInANetworkOfItsOwn() throws Exception {
        LeafSpec plain = spec("alone", INTERNET);
        LeafSpec alone = new LeafSpec(
                "alone", plain.handler(), plain.packages(), plain.limits(), Network.NONE, Map.of(), INTERNET);
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root()), alone);
        assertEquals("ECONNREFUSED", reaches(leaf));
        int port = Integer.parseInt(call(leaf, "listen"));
        assertEquals("ok", call(leaf, port));
    }

    @Test
    void refusalsAreToldAndCountedForTheLambda() throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root()), spec("strict", INTERNET));
        assertEquals("EPERM", reaches(leaf));
        leaf.destroy();
        String told = "strict: connect to 127.0.0.1:" + server.getLocalPort() + " refused by network rules";
        await(() -> real.printed.contains(told));
        assertEquals(Map.of("strict", 1L), real.mechanism.networkRefusals());
    }
}
