package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/** Z16: packages whose builds are hostile, of one worker. Their code runs while pip installs them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InstallIT {

    /** What is another in an install: the build is a child of pip, in a sandbox with folders of its own. */
    private static final Set<String> OTHERWISE = Set.of(
            "A08 memory of others, when it is dumpable itself",
            "A09 raise the hard limit FSIZE",
            "A60 kill any other process",
            "A74 its name",
            "A64 plant files");

    private PackageIndex index;
    private AttackedWorker worker;

    @BeforeAll
    void start() throws Exception {
        Machine.require("InstallIT");
        index = PackageIndex.make();
        worker = worker(120);
    }

    @AfterAll
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
        if (index != null) {
            index.close();
        }
    }

    /** @param seconds how long an install may take */
    private AttackedWorker worker(int seconds) throws Exception {
        AttackedWorker started = AttackedWorker.start(
                config -> {
                    config.put("pip_mirror", index.url());
                    ((ObjectNode) config.get("installer_limits")).put("runtime_sec", seconds);
                },
                HostilePackage.of("honest", "VALUE = 'genuine'\n"));
        started.install(
                "honest",
                "import honest\ndef f(event):\n    return honest.VALUE\n",
                Map.of("requirements.txt", "honest==1\n"));
        return started;
    }

    @BeforeEach
    void assertHonest() throws Exception {
        assertEquals("\"genuine\"", worker.call("honest", null).body().toString());
    }

    /** Installs a package whose backend does this first, and calls a lambda that returns what its module holds. */
    private AttackedWorker.Answer install(String name, String attack) throws Exception {
        return install(name, attack, Map.of());
    }

    private AttackedWorker.Answer install(String name, String attack, Map<String, String> modules) throws Exception {
        Map<String, String> all = new HashMap<>(modules);
        all.put(name + ".py", "VALUE = 'installed'\n");
        index.add(name, all, attack);
        worker.install(
                name,
                "import json, os, " + name + "\ndef f(event):\n    path = '/packages/" + name + "-1/found.json'\n"
                        + "    return json.load(open(path)) if os.path.exists(path) else " + name + ".VALUE\n",
                Map.of("requirements.txt", name + "==1\n"));
        return worker.call(name, null);
    }

    /** Names, owners, modes and sizes of all that the worker keeps, but for what is to change. */
    private Map<String, Object> state(String... but) throws IOException {
        TreeMap<String, Object> all = new TreeMap<>();
        Path top = worker.directory();
        try (Stream<Path> files = Files.walk(top)) {
            for (Path file : files.toList()) {
                String name = top.relativize(file).toString();
                if (!name.startsWith("logs") && Stream.of(but).noneMatch(name::startsWith)) {
                    Map<String, Object> kept =
                            Files.readAttributes(file, "unix:uid,gid,mode,nlink", LinkOption.NOFOLLOW_LINKS);
                    if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                        kept = Map.of("uid", kept.get("uid"), "mode", kept.get("mode"));
                    }
                    all.put(name, kept + (Files.isRegularFile(file) ? " " + Files.size(file) : ""));
                }
            }
        }
        return all;
    }

    private void assertStagingIsEmpty() throws IOException {
        assertEquals(List.of(), worker.staging());
    }

    @TestFactory
    List<DynamicTest> theAttacksOfALeafFromABuild() throws Exception {
        try (Canaries canaries = Canaries.plant()) {
            Map<String, Object> event =
                    new HashMap<>(canaries.event(worker.port(), "host", List.of("a-lambda-of-another-tenant")));
            Map<String, String> modules = new HashMap<>();
            for (String file : List.of("probe", "identity", "syscalls", "neighbours")) {
                modules.put(file + ".py", AttackedWorker.resource(file + ".py"));
            }
            String attack = """
                import json, sys
                sys.path.insert(0, os.path.abspath("modules"))
                import identity, neighbours, probe, syscalls
                report = probe.Report(json.loads(%s))
                for group in (identity, syscalls, neighbours):
                    group.run(report)
                with open("modules/found.json", "w") as file:
                    json.dump(report.rows, file)
                """.formatted(
                            AttackedWorker.JSON.writeValueAsString(AttackedWorker.JSON.writeValueAsString(event)));
            AttackedWorker.Answer answer = install("attacks", attack, modules);
            assertEquals(200, answer.status(), () -> answer.body().toString());
            assertEquals("", canaries.damage());
            assertHonest();
            List<DynamicTest> tests = new ArrayList<>();
            for (JsonNode row : answer.body()) {
                String name = row.get("id").asText() + " " + row.get("what").asText();
                if (!OTHERWISE.contains(name)) {
                    tests.add(dynamicTest(
                            name,
                            () -> assertTrue(
                                    row.get("allowed")
                                            .toString()
                                            .contains(row.get("got").toString()),
                                    row::toString)));
                }
            }
            assertTrue(tests.size() > 100, tests.size() + " attacks");
            return tests;
        }
    }

    @Test
    void aBuildWritesNowhereButIntoItsOwnFolders() throws Exception {
        Path secret = Files.createTempFile("zygotes-secret-", "");
        try {
            Files.writeString(secret, "what no build may read");
            Map<String, Object> before =
                    state("packages/writes", "code", "import-costs.json", "packages/.staging", "registry/writes");
            AttackedWorker.Answer answer = install("writes", """
                import json
                done = []
                for top in ("/", "/usr/lib", "/etc", "/handler", "/packages", "/packages/honest-1", "/runtime/_zygotes", "/mnt",
                            "/mnt/pip", "/mnt/pip/pip", "/mnt/host", %1$s, %2$s):
                    try:
                        open(top + "/planted", "w").close()
                        done.append(top)
                    except OSError:
                        pass
                for path in (%3$s, "/etc/shadow", "/proc/1/root" + %3$s, "/mnt/pip/../../.." + %3$s):
                    try:
                        done.append(open(path).read())
                    except OSError:
                        pass
                done += [name for name in os.listdir("/packages") if name not in ("bin", "writes-1")]
                with open("modules/found.json", "w") as file:
                    json.dump(done, file)
                """.formatted(
                            "'" + worker.directory() + "'", "'" + index.folder() + "'", "'" + secret + "'"));
            assertEquals("[]", answer.body().toString());
            assertEquals(
                    before,
                    state("packages/writes", "code", "import-costs.json", "packages/.staging", "registry/writes"),
                    "the worker's files");
            assertHonest();
            assertStagingIsEmpty();
        } finally {
            Files.delete(secret);
        }
    }

    @Test
    void anArchiveWithAnotherHashIsNotInstalledAndRunsNothing() throws Exception {
        index.add("hashed", Map.of("hashed.py", "VALUE = 'installed'\n"), "open('modules/ran.py', 'w').close()");
        String code = "import hashed\ndef f(event):\n    return hashed.VALUE\n";
        String wrong = "sha256:" + "0".repeat(64);

        worker.install("wrong", code, Map.of("requirements.txt", "hashed==1 --hash=" + wrong + "\n"));
        AttackedWorker.Answer refused = worker.call("wrong", null);
        assertEquals(500, refused.status(), () -> refused.body().toString());
        assertTrue(refused.body().toString().contains("DO NOT MATCH THE HASHES"), refused.body()::toString);
        assertStagingIsEmpty();

        worker.install("right", code, Map.of("requirements.txt", "hashed==1 --hash=" + index.hash("hashed") + "\n"));
        assertEquals("\"installed\"", worker.call("right", null).body().toString());

        // What is there counts for nobody who wants another archive.
        worker.install("late", code, Map.of("requirements.txt", "hashed==1 --hash=" + wrong + "\n"));
        AttackedWorker.Answer late = worker.call("late", null);
        assertEquals(500, late.status(), () -> late.body().toString());

        // A lambda that wants no hash first, and one that does behind it.
        assertEquals("\"installed\"", install("plain", "").body().toString());
        worker.install(
                "checks",
                "import plain\ndef f(event):\n    return plain.VALUE\n",
                Map.of("requirements.txt", "plain==1 --hash=" + index.hash("plain") + "\n"));
        assertEquals("\"installed\"", worker.call("checks", null).body().toString());
    }

    @Test
    void aBuildCannotCallTheWorker() throws Exception {
        AttackedWorker.Answer answer = install("calls", """
            import json, urllib.error, urllib.request
            got = []
            for path in ("/run/honest", "/status", "/registry/"):
                try:
                    got.append(urllib.request.urlopen("http://127.0.0.1:%d" + path, timeout=10).status)
                except urllib.error.HTTPError as error:
                    got.append(error.code)
            with open("modules/found.json", "w") as file:
                json.dump(got, file)
            """.formatted(worker.port()));
        assertEquals("[403,403,403]", answer.body().toString());
    }

    @Test
    void whatABuildStartsEndsWithIt() throws Exception {
        String mark = "zygotes-build-" + ProcessHandle.current().pid();
        AttackedWorker.Answer answer = install("stays", """
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.execv("/usr/bin/env", ["env", "sh", "-c", "exec >/dev/null 2>&1; trap '' TERM HUP; sleep 300; : %s"])
                os._exit(0)
            os.wait()
            """.formatted(mark));
        assertEquals("\"installed\"", answer.body().toString());
        assertTrue(
                ProcessHandle.allProcesses()
                        .noneMatch(process ->
                                process.info().commandLine().orElse("").contains(mark)),
                "it runs on");
    }

    @Test
    void aBuildThatNeverEndsEndsWithItsDeadlineAndHoldsUpNobodyElse() throws Exception {
        AttackedWorker shared = worker;
        worker = worker(8);
        try {
            aBuildNeverEnds();
        } finally {
            worker.close();
            worker = shared;
        }
    }

    private void aBuildNeverEnds() throws Exception {
        long started = System.nanoTime();
        CompletableFuture<AttackedWorker.Answer> hangs = CompletableFuture.supplyAsync(() -> {
            try {
                return install("hangs", "import time\nif os.fork() == 0:\n    time.sleep(600)\n");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        while (!hangs.isDone()) {
            assertHonest();
            Thread.sleep(500);
        }
        assertEquals(500, hangs.get().status());
        assertTrue(
                hangs.get().body().toString().contains("runtime_sec"),
                hangs.get().body().toString());
        assertTrue(System.nanoTime() - started < 60_000_000_000L);
        assertStagingIsEmpty();
    }

    @Test
    void whatABuildLeavesBehindIsRemovedHoweverItIsNamedAndHoweverDeepItLies() throws Exception {
        String litter = """
            import sys
            home = os.getcwd()
            for top in ("/mnt/tmp", "/mnt/out"):
                os.chdir(top)
                for name in (b"\\xff\\xfe", b"new\\nline", b"-rf"):
                    os.mkdir(name)
                    os.close(os.open(name + b"/" + name, os.O_CREAT | os.O_WRONLY, 0))
                os.mkfifo("fifo")
                os.symlink("/", "root")
                os.symlink("/etc/passwd", "password")
                for _ in range(60):
                    os.mkdir("d" * 200)
                    os.chdir("d" * 200)
                os.chmod(".", 0)
            os.chdir(home)
            """;
        AttackedWorker.Answer answer = install("litters", litter);
        assertStagingIsEmpty();
        assertTrue(Files.isReadable(Path.of("/etc/passwd")));
        // Deeper than a path reaches: its files cannot be given back to root, so it does not count as installed.
        AttackedWorker.Answer failed = install("fails", litter + "sys.exit(1)\n");
        assertEquals(500, failed.status());
        assertStagingIsEmpty();
        assertHonest();
        assertTrue(
                answer.status() == 200 || answer.status() == 500,
                () -> answer.body().toString());
    }

    @Test
    void aPackageThatHoldsWhatNoPackageHoldsIsRefused() throws Exception {
        for (String bad : List.of("os.mkfifo(%s)", "import socket; socket.socket(socket.AF_UNIX).bind(%s)")) {
            String name = "odd" + Integer.toHexString(bad.hashCode());
            AttackedWorker.Answer answer = install(name, bad.formatted("'/packages/" + name + "-1/odd'") + "\n");
            assertEquals(500, answer.status(), () -> answer.body().toString());
            assertTrue(
                    answer.body().toString().contains("neither a file nor a folder"),
                    answer.body().toString());
            assertFalse(Files.exists(worker.directory().resolve("packages/" + name + "==1")));
        }
        assertStagingIsEmpty();
    }

    @Test
    void linksInAPackageDoNotLeadToTheHost() throws Exception {
        Path secret = Files.createTempFile("zygotes-secret-", "");
        try {
            Files.writeString(secret, "what no build may read");
            Files.setAttribute(secret, "unix:mode", 0600);
            AttackedWorker.Answer answer = install("links", """
                os.symlink("%s", "/packages/links-1/found.json")
                os.symlink("../../../../../../../../../..%s", "/packages/links-1/up")
                os.link("/packages/links-1/up", "/packages/links-1/hard")
                """.formatted(secret, secret));
            assertEquals("\"installed\"", answer.body().toString());
            assertEquals("what no build may read", Files.readString(secret));
            assertEquals(0600, (int) Files.getAttribute(secret, "unix:mode") & 07777, "mode");
        } finally {
            Files.delete(secret);
        }
    }

    @Test
    void whatABuildSaysOfItselfIsNotBelieved() throws Exception {
        Path secret = Files.createTempFile("zygotes-secret-", "");
        try {
            Files.writeString(secret, "{\"dependencies\": [], \"modules\": [\"what no build may read\"]}");
            // Its processes go on changing what the installer wrote, until the sandbox ends.
            AttackedWorker.Answer answer = install("lies", """
                if os.fork() == 0:
                    os.closerange(0, 3)
                    while True:
                        for text in ('{"dependencies": ["a\\\\nb"], "modules": []}', '{"modules": ["os; evil"]}', "[", '""'):
                            try:
                                with open("/mnt/out/new", "w") as file:
                                    file.write(text)
                                os.rename("/mnt/out/new", "/mnt/out/metadata.json")
                                os.symlink("%s", "/mnt/out/new")
                                os.rename("/mnt/out/new", "/mnt/out/metadata.json")
                            except OSError:
                                pass
                """.formatted(secret));
            assertFalse(
                    answer.body().toString().contains("what no build may read"),
                    answer.body().toString());
            assertTrue(
                    answer.status() == 200 || answer.status() == 500,
                    () -> answer.body().toString());
            assertHonest();
            assertStagingIsEmpty();
        } finally {
            Files.delete(secret);
        }
    }
}
