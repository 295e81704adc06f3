package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.launcher.image.Machine;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two tenants on one worker, and a tenant against the worker's own API: rows of group 1.5 that take two. */
class TenantsIT {

    private static AttackedWorker worker;

    @BeforeAll
    static void start() throws Exception {
        Machine.require("TenantsIT");
        worker = AttackedWorker.start(
                config -> {},
                HostilePackage.of("shared", "import random\nOWN = random.Random(7)\nVALUE = 'genuine'\n"));
    }

    @AfterAll
    static void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
    }

    private static void install(String name, String code) throws Exception {
        worker.install(name, code, Map.of("requirements.txt", "shared==1\n"));
    }

    private static JsonNode ok(String lambda, Object event) throws Exception {
        return worker.ok(lambda, event).body();
    }

    @Test
    void a02TenantsWithDifferentZygotesHaveDifferentUsersOnTheHost() throws Exception {
        String code = "import os\ndef f(event):\n    return os.getuid()\n";
        worker.install("a02-bare", code, Map.of());
        install("a02-shared", code);
        assertNotEquals(ok("a02-bare", null), ok("a02-shared", null), "A02 uids inside");
    }

    @AlsoOnPureCgroup2
    @Test
    void a64WhatOneTenantLeavesAnotherDoesNotFind() throws Exception {
        String plant = """
            import os
            PLACES = ["/tmp", "/dev/shm", "/host", "/run", "/var/tmp", "/handler", "/packages/shared-1", "/mnt"]
            def f(event):
                if event == "look":
                    return [p for p in PLACES if os.path.exists(p + "/left")]
                planted = []
                for place in PLACES:
                    try:
                        open(place + "/left", "w").close()
                        planted.append(place)
                    except OSError:
                        pass
                return planted
            """;
        install("a64-one", plant);
        install("a64-two", plant);
        assertEquals("[\"/tmp\",\"/dev/shm\",\"/host\"]", ok("a64-one", "plant").toString(), "A64 planted");
        assertEquals("[]", ok("a64-two", "look").toString(), "A64 seen by another lambda");
        worker.dropLeaves("a64-one");
        assertEquals("[]", ok("a64-one", "look").toString(), "A64 seen by the next leaf of the same lambda");
    }

    @Test
    void a67LocksOnSharedFilesHoldNobodyUp() throws Exception {
        install("a67-one", """
            import fcntl, os
            held = []
            def f(event):
                for folder, _, names in os.walk("/packages/shared-1"):
                    for name in names:
                        held.append(open(os.path.join(folder, name), "rb"))
                for file in held:
                    fcntl.flock(file, fcntl.LOCK_EX)
                return len(held)
            """);
        install("a67-two", "import shared\ndef f(event):\n    return shared.VALUE\n");
        assertTrue(ok("a67-one", null).asInt() > 0);
        assertEquals("genuine", ok("a67-two", null).asText(), "A67");
        worker.worker().zygotes().forEach(zygote -> zygote.destroy());
        worker.dropLeaves("a67-two");
        assertEquals("genuine", ok("a67-two", null).asText(), "A67, and a new zygote imports the package");
    }

    @Test
    void a68ByteCodeAndPathFilesCannotBePlantedInAPackage() throws Exception {
        install("a68-one", """
            import errno, os
            def f(event):
                got = []
                for name in ("__pycache__/shared.cpython-311.pyc", "evil.pth", "sitecustomize.py", "shared.py"):
                    path = "/packages/shared-1/" + name
                    try:
                        if not os.path.isdir(os.path.dirname(path)):
                            os.mkdir(os.path.dirname(path))
                        open(path, "w").close()
                        got.append("wrote " + name)
                    except OSError as error:
                        got.append(errno.errorcode[error.errno])
                return sorted(set(got))
            """);
        install("a68-two", "import shared\ndef f(event):\n    return shared.VALUE\n");
        assertEquals("[\"EROFS\"]", ok("a68-one", null).toString(), "A68");
        assertEquals("genuine", ok("a68-two", null).asText(), "A68");
    }

    @AlsoOnPureCgroup2
    @Test
    void a70StateStaysWithOneLambdaAndOneVersion() throws Exception {
        String counts =
                "import shared\ndef f(event):\n    shared.n = getattr(shared, 'n', 0) + 1\n    return shared.n\n";
        install("a70-one", counts);
        install("a70-two", counts);
        assertEquals(1, ok("a70-one", null).asInt());
        assertEquals(2, ok("a70-one", null).asInt());
        assertEquals(1, ok("a70-two", null).asInt(), "A70 another lambda");
        install("a70-one", counts + "# another version\n");
        assertEquals(1, ok("a70-one", null).asInt(), "A70 another version");
    }

    @Test
    void a75LeavesOfOneZygoteDoNotDrawTheSameNumbers() throws Exception {
        install("a75", """
            import os, random, secrets, ssl, uuid, shared
            def f(event):
                return {"random": random.random(), "uuid": str(uuid.uuid4()), "secrets": secrets.token_hex(),
                        "ssl": ssl.RAND_bytes(16).hex(), "urandom": os.urandom(16).hex(), "own": shared.OWN.random()}
            """);
        JsonNode one = ok("a75", null);
        worker.dropLeaves("a75");
        JsonNode two = ok("a75", null);
        for (String source : List.of("random", "uuid", "secrets", "ssl", "urandom")) {
            assertNotEquals(one.get(source), two.get(source), "A75 " + source);
        }
        // Documented: a generator that a package made while it was imported is the same in all leaves.
        assertEquals(one.get("own"), two.get("own"));
    }

    @Test
    void a77ThereIsNoSocketFileToReplace() throws Exception {
        worker.install("a77", """
            import os, stat
            def f(event):
                found = []
                for top in ("/host", "/tmp", "/dev", "/handler", "/mnt"):
                    for folder, _, files in os.walk(top):
                        found += [f for f in files if stat.S_ISSOCK(os.lstat(os.path.join(folder, f)).st_mode)]
                return found
            """, Map.of());
        assertEquals("[]", ok("a77", null).toString(), "A77");
    }

    /** Sends a request to the worker from inside, and the start of the answer. */
    private static final String CALLS_THE_WORKER = """
        import os, socket, time
        def ask(family, host, port, path, linger):
            with socket.socket(family) as client:
                client.settimeout(10)
                client.connect((host, port))
                client.sendall(b"POST " + path.encode() + b" HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n"
                               b"Connection: close\\r\\n\\r\\n")
                if linger:
                    return client.recv(1000).split(b"\\r\\n")[0].decode()
            return "sent"
        def f(event):
            family = socket.AF_INET6 if ":" in event["host"] else socket.AF_INET
            try:
                return ask(family, event["host"], event["port"], event["path"], event["linger"])
            except OSError as error:
                return str(error)
        """;

    @AlsoOnPureCgroup2
    @Test
    void a71ALambdaCannotReachTheWorkersOwnApi() throws Exception {
        worker.install("a71-victim", "n = 0\ndef f(event):\n    global n\n    n += 1\n    return n\n", Map.of());
        worker.install("a71", CALLS_THE_WORKER, Map.of());
        int calls = ok("a71-victim", null).asInt();
        for (String path : List.of("/run/a71-victim", "/status", "/stats", "/debug", "/registry/", "/nothing")) {
            for (String host : Files.exists(Path.of("/proc/net/if_inet6"))
                    ? List.of("127.0.0.1", "::ffff:127.0.0.1")
                    : List.of("127.0.0.1")) {
                JsonNode line = ok("a71", Map.of("host", host, "port", worker.port(), "path", path, "linger", true));
                assertEquals("HTTP/1.1 403 Forbidden", line.asText(), "A71 " + host + path);
            }
        }
        // It does not wait for an answer, and is gone when the worker looks who it was.
        for (int i = 0; i < 20; i++) {
            ok("a71", Map.of("host", "127.0.0.1", "port", worker.port(), "path", "/run/a71-victim", "linger", false));
        }
        Thread.sleep(300);
        assertEquals(calls + 1, ok("a71-victim", null).asInt(), "A71 no call of the lambda got through");
    }

    @Test
    void a71TheOperatorMayAllowIt() throws Exception {
        try (AttackedWorker open = AttackedWorker.start(config -> config.put("allow_lambda_calls", true))) {
            open.install("a71-victim", "def f(event):\n    return 1\n", Map.of());
            open.install("a71", CALLS_THE_WORKER, Map.of());
            Map<String, Object> event =
                    Map.of("host", "127.0.0.1", "port", open.port(), "path", "/run/a71-victim", "linger", true);
            assertEquals("HTTP/1.1 200 OK", open.call("a71", event).body().asText());
        }
    }

    @Test
    void aWorkerWithoutNetworkGivesNoneToPackagesEither() throws Exception {
        String interfaces = "[line.split(':')[0].strip() for line in open('/proc/self/net/dev') if ':' in line]";
        try (AttackedWorker alone = AttackedWorker.start(
                config -> config.put("network", "none"), HostilePackage.of("curious", "SEEN = " + interfaces + "\n"))) {
            alone.install(
                    "a73",
                    "import curious\ndef f(event):\n    return [curious.SEEN, " + interfaces + "]\n",
                    Map.of("requirements.txt", "curious==1\n"));
            AttackedWorker.Answer answer = alone.call("a73", null);
            assertEquals("[[\"lo\"],[\"lo\"]]", answer.body().toString(), "A73");
            alone.install("a73-wants-more", "def f(event):\n    return 1\n", Map.of("ol.yaml", "network: host\n"));
            AttackedWorker.Answer refused = alone.call("a73-wants-more", null);
            assertEquals(500, refused.status());
            assertTrue(
                    refused.body().toString().contains("network"),
                    refused.body().toString());
        }
    }

    @Test
    void z09ALambdaDoesNotSeeAPackageThatItDidNotAskFor() throws Exception {
        install("z09-has", "import shared\ndef f(event):\n    return 1\n");
        ok("z09-has", null);
        worker.install(
                "z09",
                "import os, sys\ndef f(event):\n    return ['shared' in sys.modules, os.listdir('/packages')]\n",
                Map.of());
        JsonNode seen = ok("z09", null);
        assertFalse(seen.get(0).asBoolean(), "Z09 sys.modules");
        assertEquals("[]", seen.get(1).toString(), "Z09 folders");
    }
}
