package io.zygotes.sandbox.sock.network;

import static io.zygotes.sandbox.sock.network.NetworkNamespace.INTERNET;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.INTERNET6;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.METADATA;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.PRIVATE;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.PRIVATE6;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.RESOLVER;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.SERVED;
import static io.zygotes.sandbox.sock.network.NetworkNamespace.SHARED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zygotes.sandbox.sock.cgroup.CgroupMounts;
import io.zygotes.spi.IpRange;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Transport;
import io.zygotes.spi.NetworkRule.Word;
import io.zygotes.spi.NetworkRules;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs in the kernel, tried by a process in a cgroup and a network namespace of the test's own. */
@AlsoOnPureCgroup2
class NetworkWallTest {

    private static final NetworkRules.Layer INTERNET_ONLY = allow(NetworkRule.all(Word.INTERNET));

    @TempDir
    Path folder;

    private final Queue<String> told = new ConcurrentLinkedQueue<>();
    private final Map<String, String> names = new ConcurrentHashMap<>();
    private Path top;
    private Path group;
    private NetworkWall wall;
    private NetworkNamespace network;

    @BeforeEach
    void build() throws Exception {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "needs root");
        Path unified = CgroupMounts.parse(Files.readAllLines(Path.of("/proc/self/mountinfo")))
                .unified()
                .orElseThrow();
        try {
            NetworkWall.tryOut();
        } catch (IOException e) {
            abort("this kernel has no programs for cgroups: " + e.getMessage());
        }
        top = Files.createDirectory(
                unified.resolve("zygotes-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime()));
        group = Files.createDirectory(top.resolve("leaf-0"));
        Path resolvConf = Files.writeString(folder.resolve("resolv.conf"), "nameserver " + RESOLVER + "\n");
        NameResolution resolution = new NameResolution(resolvConf, this::resolve, 0);
        wall = NetworkWall.around(
                top,
                List.of(),
                (sandbox, label, line) -> told.add(sandbox + " " + label + " " + line),
                resolution,
                200);
        network = new NetworkNamespace(folder, group);
    }

    private InetAddress[] resolve(String name) throws UnknownHostException {
        if (!names.containsKey(name)) {
            throw new UnknownHostException(name);
        }
        return new InetAddress[] {InetAddress.ofLiteral(names.get(name))};
    }

    @AfterEach
    void tearDown() throws Exception {
        if (network != null) {
            network.close();
        }
        if (wall != null) {
            wall.close();
        }
        if (top != null) {
            await(() -> group.toFile().delete());
            Files.delete(top);
        }
    }

    private static void await(BooleanSupplier what) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!what.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "it did not come about");
            Thread.sleep(20);
        }
    }

    private static NetworkRules.Layer allow(NetworkRule... rules) {
        return new NetworkRules.Layer(List.of(rules), List.of());
    }

    private static NetworkRule range(String text, int first, int last, Transport transport) {
        return new NetworkRule(new NetworkRule.Addresses(IpRange.parse(text)), first, last, transport);
    }

    private void rules(NetworkRules.Layer... layers) throws Exception {
        NetworkRules rules = new NetworkRules(List.of(layers));
        wall.awaitNames(rules);
        wall.enclose(id(), rules, "leaf-7", "hello", "hello");
    }

    private long id() throws IOException {
        return (long) Files.getAttribute(group, "unix:ino");
    }

    private void assertAttempt(String expected, Object... words) {
        assertEquals(expected, network.attempt(words), () -> List.of(words).toString());
    }

    /** All ways to send something to an address. */
    private void assertReached(String expected, String family, String host) {
        for (String way : List.of("stream", "fast_open", "datagram", "datagram_by_message", "datagram_connected")) {
            assertAttempt(expected, way, family, host, SERVED);
        }
    }

    @Test
    void withoutRulesAllIsReached() throws Exception {
        rules();
        for (String host : List.of(INTERNET, PRIVATE, SHARED, METADATA, "127.0.0.1", "0.0.0.0")) {
            assertReached("ok", "4", host);
            assertReached("ok", "6", "::ffff:" + host);
        }
        for (String host : List.of(INTERNET6, PRIVATE6, "::1", "::")) {
            assertReached("ok", "6", host);
        }
        assertAttempt("ok", "bind", "4", "0.0.0.0", 7100);
        assertEquals(Map.of(), wall.refusals());
    }

    @Test
    void whoWasNotEnclosedReachesNothing() {
        assertAttempt("EPERM", "stream", "4", "127.0.0.1", SERVED);
        assertAttempt("EPERM", "datagram", "4", INTERNET, SERVED);
        assertAttempt("EPERM", "own_stream", "4", "127.0.0.1", "127.0.0.1");
    }

    @Test
    void theInternetIsReachedAndNothingElse() throws Exception {
        rules(INTERNET_ONLY);
        assertReached("ok", "4", INTERNET);
        assertReached("ok", "6", "::ffff:" + INTERNET);
        assertReached("ok", "6", INTERNET6);
        for (String host : List.of(PRIVATE, SHARED, METADATA, "127.0.0.1", "127.1.2.3", "0.0.0.0", RESOLVER)) {
            assertReached("EPERM", "4", host);
            assertReached("EPERM", "6", "::ffff:" + host);
        }
        for (String host : List.of(PRIVATE6, "::1", "::")) {
            assertReached("EPERM", "6", host);
        }
        assertAttempt("EPERM", "datagram", "4", "224.0.0.1", SERVED);
        assertAttempt("EPERM", "datagram", "4", "255.255.255.255", SERVED);
    }

    @Test
    void anAddressThatATranslatorMakesOfAnotherCountsAsThat() throws Exception {
        rules(INTERNET_ONLY);
        assertReached("ok", "6", "64:ff9b::" + INTERNET);
        assertReached("EPERM", "6", "64:ff9b::" + PRIVATE);
        assertReached("EPERM", "6", "64:ff9b::127.0.0.1");
    }

    @Test
    void portsAndTransportsCount() throws Exception {
        rules(allow(
                range(PRIVATE, SERVED, SERVED, Transport.TCP),
                range("100.64.0.0/10", 6000, 6999, Transport.ANY),
                range(METADATA, SERVED, SERVED, Transport.UDP)));
        assertAttempt("ok", "stream", "4", PRIVATE, SERVED);
        assertAttempt("ok", "stream", "6", "::ffff:" + PRIVATE, SERVED);
        assertAttempt("EPERM", "datagram", "4", PRIVATE, SERVED);
        assertAttempt("EPERM", "stream", "4", PRIVATE, SERVED + 1);
        assertAttempt("EPERM", "stream", "4", SHARED, SERVED);
        assertAttempt("ECONNREFUSED", "stream", "4", SHARED, 6000);
        assertAttempt("ECONNREFUSED", "stream", "4", SHARED, 6999);
        assertAttempt("EPERM", "stream", "4", METADATA, SERVED);
        assertAttempt("ok", "datagram", "4", METADATA, SERVED);
        assertAttempt("EPERM", "stream", "4", INTERNET, SERVED);
    }

    @Test
    void whatIsDeniedIsNotAllowedByAnotherRule() throws Exception {
        rules(new NetworkRules.Layer(
                List.of(NetworkRule.all(Word.HOST)),
                List.of(range("10.0.0.0/8", 0, 65_535, Transport.ANY), range("127.0.0.0/8", 80, 90, Transport.TCP))));
        assertReached("ok", "4", METADATA);
        assertReached("EPERM", "4", PRIVATE);
        assertReached("EPERM", "6", "::ffff:" + PRIVATE);
        assertAttempt("ok", "stream", "4", "127.0.0.1", SERVED);
        assertAttempt("ECONNREFUSED", "stream", "4", "127.0.0.1", 91);
        assertReached("ok", "6", PRIVATE6);
    }

    @Test
    void aLayerTakesAwayAndCannotAdd() throws Exception {
        rules(
                INTERNET_ONLY,
                allow(range("10.0.0.0/8", 0, 65_535, Transport.ANY), range(INTERNET, SERVED, SERVED, Transport.TCP)));
        assertAttempt("ok", "stream", "4", INTERNET, SERVED);
        assertAttempt("EPERM", "datagram", "4", INTERNET, SERVED);
        assertReached("EPERM", "4", PRIVATE);
        assertReached("EPERM", "6", INTERNET6);
    }

    @Test
    void resolversAreReachedAtTheirPortAlone() throws Exception {
        rules(allow(NetworkRule.all(Word.INTERNET), NetworkRule.all(Word.RESOLVERS)));
        assertAttempt("ECONNREFUSED", "stream", "4", RESOLVER, 53);
        assertAttempt("ok", "datagram", "4", RESOLVER, 53);
        assertAttempt("EPERM", "stream", "4", RESOLVER, SERVED);
        assertAttempt("EPERM", "datagram", "4", PRIVATE, 53);
    }

    @Test
    void connectionsWithinASandboxAreAllowed() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("ok", "own_stream", "4", "127.0.0.1", "127.0.0.1");
        assertAttempt("ok", "own_stream", "4", "127.3.3.3", "127.3.3.3");
        assertAttempt("ok", "own_stream", "4", "0.0.0.0", "127.0.0.1");
        assertAttempt("ok", "own_stream", "4", "127.0.0.1", "0.0.0.0");
        assertAttempt("ok", "own_stream", "6", "::1", "::1");
        assertAttempt("ok", "own_stream", "6", "::", "::1");
        assertAttempt("ok", "own_stream", "6", "::", "::ffff:127.0.0.1");
        for (String how : List.of("connected", "unconnected")) {
            assertAttempt("ok", "own_datagrams", "4", "127.0.0.1", how);
            assertAttempt("ok", "own_datagrams", "6", "::1", how);
            assertAttempt("ok", "own_datagrams", "6", "::ffff:127.0.0.1", how);
        }
        assertEquals(Map.of(), wall.refusals());
    }

    @Test
    void aPortWithoutServerAnswersAsEverSoThatProgramsMayWaitForTheirOwn() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("ECONNREFUSED", "stream", "4", "127.0.0.1", 7001);
        assertAttempt("ECONNREFUSED", "stream", "6", "::1", 7001);
        assertEquals(Map.of(), wall.refusals());
    }

    @Test
    void aSandboxDoesNotReachAnother() throws Exception {
        Path other = Files.createDirectory(top.resolve("leaf-1"));
        try {
            rules(INTERNET_ONLY);
            String port = network.attempt("listen", "4", "127.0.0.1");
            assertAttempt("ok", "stream", "4", "127.0.0.1", port);
            // The same process somewhere else is another sandbox: the socket stays the first one's.
            wall.enclose(
                    (long) Files.getAttribute(other, "unix:ino"),
                    new NetworkRules(List.of(INTERNET_ONLY)),
                    "leaf-8",
                    "other",
                    "other");
            move(other);
            assertAttempt("EPERM", "stream", "4", "127.0.0.1", port);
            move(group);
            assertAttempt("ok", "stream", "4", "127.0.0.1", port);
            assertEquals(Map.of("other", 1L), wall.refusals());
        } finally {
            move(group);
            Files.delete(other);
        }
    }

    private void move(Path to) throws IOException {
        Path from = to.equals(group) ? top.resolve("leaf-1") : group;
        for (String pid : Files.readAllLines(from.resolve("cgroup.procs"))) {
            Files.writeString(to.resolve("cgroup.procs"), pid);
        }
    }

    @Test
    void aPortOfUdpThatIsSomebodyElsesNowIsNotReachedByAnOldConnection() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("EPERM", "stale", "127.0.0.1");
        rules();
        assertAttempt("ok", "stale", "127.0.0.1");
    }

    @Test
    void anOptionDoesNotRouteAPacketPastTheRules() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("EPERM", "source_route", INTERNET, PRIVATE);
        assertAttempt("EPERM", "source_route", INTERNET, "127.0.0.1");
    }

    @Test
    void onlyPortsThatTheKernelChoosesAndLoopbackAreBound() throws Exception {
        rules(allow(NetworkRule.all(Word.INTERNET), range("0.0.0.0", 7200, 7200, Transport.TCP)));
        assertAttempt("ok", "bind", "4", "0.0.0.0", 0);
        assertAttempt("ok", "bind", "6", "::", 0);
        assertAttempt("ok", "bind", "4", "127.0.0.1", 7100);
        assertAttempt("ok", "bind", "6", "::1", 7100);
        assertAttempt("EPERM", "bind", "4", "0.0.0.0", 7100);
        assertAttempt("EPERM", "bind", "6", "::", 7100);
        assertAttempt("EPERM", "bind", "4", PRIVATE, 7100);
        assertAttempt("EPERM", "bind", "4", "0.0.0.0", 7100, "dgram");
        assertAttempt("ok", "bind", "4", "0.0.0.0", 7200);
        assertAttempt("EPERM", "bind", "4", "0.0.0.0", 7200, "dgram");
    }

    @Test
    void aPortThatTheKernelChoseForAllAddressesOfIp4IsBoundForThoseOfIp6() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("ok", "bind_both", "0.0.0.0");
        assertAttempt("EPERM", "bind_both", "127.0.0.1");
        assertAttempt("EPERM", "bind_both", "0.0.0.0", "no");
        // Somebody else listens there.
        assertAttempt("EPERM", "bind", "6", "::", SERVED);
    }

    @Test
    void thereAreNoSocketsButOfTcpAndUdp() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("EPERM", "ping", "4");
        assertAttempt("EPERM", "ping", "6");
        await(() -> told.contains("leaf-7 hello socket of protocol 1 refused by network rules"));
    }

    @Test
    void refusalsAreCountedAndToldOfTheLambda() throws Exception {
        rules(INTERNET_ONLY);
        assertAttempt("EPERM", "stream", "4", METADATA, 80);
        assertAttempt("EPERM", "datagram", "6", PRIVATE6, 5353);
        assertAttempt("EPERM", "bind", "4", "0.0.0.0", 8080);
        await(() -> told.size() == 3);
        assertEquals(
                List.of(
                        "leaf-7 hello connect to 169.254.169.254:80 refused by network rules",
                        "leaf-7 hello send to [fd00:77:0:0:0:0:0:1]:5353/udp refused by network rules",
                        "leaf-7 hello bind to 0.0.0.0:8080 refused by network rules"),
                List.copyOf(told));
        assertEquals(Map.of("hello", 3L), wall.refusals());
    }

    @Test
    void manyRefusalsAreCountedAllAndToldInPart() throws Exception {
        rules(INTERNET_ONLY);
        long started = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            assertAttempt("EPERM", "datagram", "4", METADATA, 80);
        }
        long most = 8 * (Duration.ofNanos(System.nanoTime() - started).toSeconds() + 2);
        assertEquals(Map.of("hello", 200L), wall.refusals());
        await(() -> !told.isEmpty());
        Thread.sleep(500);
        assertTrue(told.size() <= most, () -> told.size() + " were told, and not " + most + " at the most");
    }

    @Test
    void aGroupThatIsUsedAgainHasTheRulesOfTheNextOne() throws Exception {
        rules(allow(range(PRIVATE, SERVED, SERVED, Transport.ANY)));
        assertReached("ok", "4", PRIVATE);
        wall.leave(id());
        assertAttempt("EPERM", "stream", "4", PRIVATE, SERVED);
        rules(INTERNET_ONLY);
        assertReached("EPERM", "4", PRIVATE);
        assertReached("ok", "4", INTERNET);
        rules();
        assertReached("ok", "4", PRIVATE);
    }

    @Test
    void aGroupThatIsExpectedHasNoNetworkUntilItHasRules() throws Exception {
        wall.expect(id());
        assertAttempt("EPERM", "stream", "4", "127.0.0.1", SERVED);
        rules();
        assertReached("ok", "4", "127.0.0.1");
        wall.forget(id());
        assertAttempt("EPERM", "stream", "4", "127.0.0.1", SERVED);
    }

    @Test
    void aGroupGetsThePlaceOfOneThatIsGoneAndNothingWhileThereIsNone() throws Exception {
        for (int i = 0; i < FilterMaps.MOST_GROUPS; i++) {
            wall.expect(-1 - i);
        }
        assertThrows(IOException.class, () -> wall.expect(id()));
        assertThrows(IOException.class, () -> wall.enclose(id(), NetworkRules.EVERYTHING, "leaf-7", "x", "x"));
        assertAttempt("EPERM", "stream", "4", "127.0.0.1", SERVED);
        wall.forget(-1);
        wall.expect(id());
        assertAttempt("EPERM", "stream", "4", "127.0.0.1", SERVED);
        rules();
        assertReached("ok", "4", "127.0.0.1");
    }

    @Test
    void namesAreResolvedAndFollowed() throws Exception {
        names.put("service.test", PRIVATE);
        NetworkRule named = new NetworkRule(new NetworkRule.Host("service.test"), SERVED, SERVED, Transport.TCP);
        rules(allow(named));
        assertAttempt("ok", "stream", "4", PRIVATE, SERVED);
        assertAttempt("EPERM", "stream", "4", METADATA, SERVED);
        names.put("service.test", METADATA);
        await(() -> network.attempt("stream", "4", METADATA, SERVED).equals("ok"));
        assertAttempt("EPERM", "stream", "4", PRIVATE, SERVED);
        names.clear();
        Thread.sleep(600);
        assertAttempt("ok", "stream", "4", METADATA, SERVED);
    }
}
