package io.zygotes.launcher.image;

import static io.zygotes.launcher.image.NamespaceWorker.INTERNET;
import static io.zygotes.launcher.image.NamespaceWorker.INTERNET6;
import static io.zygotes.launcher.image.NamespaceWorker.METADATA;
import static io.zygotes.launcher.image.NamespaceWorker.OWN;
import static io.zygotes.launcher.image.NamespaceWorker.PRIVATE;
import static io.zygotes.launcher.image.NamespaceWorker.PRIVATE6;
import static io.zygotes.launcher.image.NamespaceWorker.SHARED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows A71, A72, A73 and A100 under each setting, with a worker in a network namespace of its own. */
class NetworkRulesIT {

    private static final List<String> WAYS = List.of("stream", "datagram", "datagram_connected");

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxes() {
        Machine.require("NetworkRulesIT");
    }

    private NamespaceWorker start(Consumer<ObjectNode> change, Map<String, String> lambdas) throws Exception {
        NamespaceWorker worker = new NamespaceWorker(folder, change, lambdas, true);
        boolean good = worker.start().get("exit").asInt() == 0;
        if (!good) {
            worker.close();
        }
        assertTrue(good, () -> worker.start().toString());
        return worker;
    }

    private static void assertReached(NamespaceWorker worker, String expected, String lambda, String host)
            throws IOException {
        boolean ip6 = host.contains(":");
        for (String way : WAYS) {
            worker.assertAttempt(expected, lambda, way, ip6 ? 6 : 4, host, 7000);
            if (!ip6) {
                worker.assertAttempt(expected, lambda, way, 6, "::ffff:" + host, 7000);
            }
        }
    }

    @Test
    void withInternetNothingOfTheMachineOrOfPrivateNetworksIsReached() throws Exception {
        Map<String, String> lambdas = Map.of(
                "usual", "",
                "other", "",
                "less", "network: {allow: ['" + INTERNET + ":7000/tcp', 10.0.0.0/8]}",
                "nothing", "network: none",
                "more", "network: host");
        // It is the default.
        try (NamespaceWorker worker = start(config -> config.remove("network"), lambdas)) {
            assertTrue(worker.log().contains("network: lambdas reach the internet and the resolvers"), worker.log());
            for (int i = 0; i < 2; i++) {
                assertReached(worker, "ok", "usual", INTERNET);
                assertReached(worker, "ok", "usual", INTERNET6);
                for (String host :
                        List.of(PRIVATE, SHARED, METADATA, OWN, "127.0.0.1", "0.0.0.0", PRIVATE6, "::1", "::")) {
                    assertReached(worker, "EPERM", "usual", host);
                }
            }
            int port = worker.port();
            for (String host : List.of("127.0.0.1", "::ffff:127.0.0.1", OWN)) {
                worker.assertAttempt("EPERM", "usual", "named", host, port);
            }
            worker.assertAttempt("EPERM", "usual", "bind", "0.0.0.0", 7300);
            worker.assertAttempt("EPERM", "usual", "bind", OWN, 7300);
            worker.assertAttempt("EADDRINUSE", "usual", "bind", "127.0.0.1", port);
            worker.assertAttempt("0", "usual", "flood", "127.0.0.1", 7000);
            assertLambdasAreApart(worker);

            worker.assertAttempt("ok", "less", "stream", 4, INTERNET, 7000);
            worker.assertAttempt("EPERM", "less", "datagram", 4, INTERNET, 7000);
            worker.assertAttempt("EPERM", "less", "stream", 4, PRIVATE, 7000);
            worker.assertAttempt("ECONNREFUSED", "nothing", "stream", 4, "127.0.0.1", 7000);
            String refused = worker.attempt("more", "stream", 4, PRIVATE, 7000);
            assertTrue(refused.contains("can only take less"), refused);
            assertRefusalsAreSeen(worker);
        }
    }

    private static void assertLambdasAreApart(NamespaceWorker worker) throws IOException {
        int port = Integer.parseInt(worker.attempt("usual", "listen"));
        worker.assertAttempt("ok", "usual", "stream", 4, "127.0.0.1", port);
        worker.assertAttempt("EPERM", "other", "stream", 4, "127.0.0.1", port);
    }

    private static void assertRefusalsAreSeen(NamespaceWorker worker) throws Exception {
        JsonNode statistics = worker.statistics();
        assertTrue(statistics.get("network_refused").asLong() > 2000, statistics.toString());
        assertTrue(statistics.get("network_refused_usual").asLong() > 2000, statistics.toString());
        assertEquals(1, statistics.get("network_refused_other").asLong(), statistics.toString());
        Thread.sleep(1500);
        worker.assertAttempt("EPERM", "other", "stream", 4, METADATA, 80);
        String line = " other | connect to 169.254.169.254:80 refused by network rules\n";
        for (long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
                !worker.output().contains(line) && System.nanoTime() < end; ) {
            Thread.sleep(50);
        }
        assertTrue(worker.output().contains(line), worker.output());
    }

    @Test
    void servicesThatAreNamedAreReachedAndNothingElse() throws Exception {
        Consumer<ObjectNode> change = config -> {
            ObjectNode network = config.putObject("network");
            network.putArray("allow")
                    .add("localhost:7001")
                    .add("10.77.0.0/16:7000/tcp")
                    .add("[fd00::/8]:7000");
            network.putArray("deny").add("[fd00:77::/32]:7000/udp");
        };
        try (NamespaceWorker worker =
                start(change, Map.of("usual", "", "less", "network: {deny: ['localhost:7001']}"))) {
            worker.assertAttempt("ok", "usual", "named", "localhost", 7001);
            worker.assertAttempt("ok", "usual", "stream", 4, "127.0.0.1", 7001);
            worker.assertAttempt("EPERM", "usual", "stream", 4, "127.0.0.1", 7000);
            worker.assertAttempt("ok", "usual", "stream", 4, PRIVATE, 7000);
            worker.assertAttempt("ok", "usual", "stream", 6, "::ffff:" + PRIVATE, 7000);
            worker.assertAttempt("EPERM", "usual", "datagram", 4, PRIVATE, 7000);
            worker.assertAttempt("ok", "usual", "stream", 6, PRIVATE6, 7000);
            worker.assertAttempt("EPERM", "usual", "datagram", 6, PRIVATE6, 7000);
            assertReached(worker, "EPERM", "usual", INTERNET);
            assertReached(worker, "EPERM", "usual", METADATA);
            worker.assertAttempt("EPERM", "less", "stream", 4, "127.0.0.1", 7001);
            worker.assertAttempt("ok", "less", "stream", 4, PRIVATE, 7000);
        }
    }

    @Test
    void withHostAllIsReachedSoTheAttemptsWork() throws Exception {
        Map<String, String> lambdas = Map.of("usual", "", "less", "network: internet", "own", "network: {allow: []}");
        try (NamespaceWorker worker = start(config -> config.put("network", "host"), lambdas)) {
            for (String host : List.of(INTERNET, PRIVATE, SHARED, METADATA, OWN, "127.0.0.1", PRIVATE6, "::1")) {
                assertReached(worker, "ok", "usual", host);
            }
            worker.assertAttempt("ok", "usual", "bind", "0.0.0.0", 7300);
            worker.assertAttempt("403", "usual", "request", "127.0.0.1", worker.port(), "/status");
            worker.assertAttempt("2000", "usual", "flood", "127.0.0.1", 7000);
            assertReached(worker, "ok", "less", INTERNET);
            assertReached(worker, "EPERM", "less", METADATA);
            assertReached(worker, "EPERM", "less", "127.0.0.1");
            assertReached(worker, "EPERM", "own", INTERNET);
            int port = Integer.parseInt(worker.attempt("own", "listen"));
            worker.assertAttempt("ok", "own", "stream", 4, "127.0.0.1", port);
        }
    }

    @Test
    void withNoneThereIsOnlyALoopbackOfItsOwn() throws Exception {
        Map<String, String> lambdas = Map.of("usual", "", "more", "network: internet");
        try (NamespaceWorker worker = start(config -> config.put("network", "none"), lambdas)) {
            worker.assertAttempt("ENETUNREACH", "usual", "stream", 4, INTERNET, 7000);
            worker.assertAttempt("ECONNREFUSED", "usual", "stream", 4, "127.0.0.1", 7000);
            int port = Integer.parseInt(worker.attempt("usual", "listen"));
            worker.assertAttempt("ok", "usual", "stream", 4, "127.0.0.1", port);
            String refused = worker.attempt("more", "stream", 4, INTERNET, 7000);
            assertTrue(refused.contains("gives no lambda the network"), refused);
        }
    }

    @Test
    void withoutAKernelForItAWorkerWithRulesDoesNotStart() throws Exception {
        try (NamespaceWorker worker =
                new NamespaceWorker(folder, config -> config.put("network", "internet"), Map.of(), false)) {
            JsonNode start = worker.start();
            assertTrue(start.get("exit").asInt() != 0, start.toString());
            String said = start.get("said").asText();
            assertTrue(said.contains("Set \"network\" to \"host\""), said);
            assertTrue(said.contains("or to \"none\""), said);
        }
    }

    @Test
    void withoutAKernelForItALambdaWithRulesIsRefusedAndTheStartSaysWhatInstallsReach() throws Exception {
        Map<String, String> lambdas = Map.of("usual", "", "less", "network: internet", "nothing", "network: none");
        try (NamespaceWorker worker =
                new NamespaceWorker(folder, config -> config.put("network", "host"), lambdas, false)) {
            assertEquals(
                    0, worker.start().get("exit").asInt(), () -> worker.start().toString());
            worker.assertAttempt("ok", "usual", "stream", 4, PRIVATE, 7000);
            worker.assertAttempt("ENETUNREACH", "nothing", "stream", 4, INTERNET, 7000);
            String refused = worker.attempt("less", "stream", 4, INTERNET, 7000);
            assertTrue(refused.contains("has network rules, and they cannot be enforced here"), refused);
            assertTrue(worker.log().contains("network: installs reach all that this machine reaches, because"));
        }
    }
}
