package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Lambdas that take all they can get, and that end badly: rows of group 1.6. */
class ExhaustionIT extends WithSharedWorker {

    private static final String LIMITS =
            "limits: {mem_mb: 96, procs: 24, open_files: 64, tmp_mb: 8, runtime_sec: 20, cpu_percent: 50}\n";

    private AttackedWorker.Answer call(String code) throws Exception {
        worker.install(lambda, code, Map.of("ol.yaml", LIMITS));
        AttackedWorker.Answer answer = worker.call(lambda, null);
        assertPeerIsWell();
        return answer;
    }

    private JsonNode ok(String code) throws Exception {
        AttackedWorker.Answer answer = call(code);
        assertEquals(200, answer.status(), () -> answer.body().toString());
        return answer.body();
    }

    private void assertServesAgain() throws Exception {
        worker.install(lambda, "def f(event):\n    return 'again'\n", Map.of("ol.yaml", LIMITS));
        assertEquals("\"again\"", worker.call(lambda, null).body().toString());
    }

    @AlsoOnPureCgroup2
    @Test
    void a80ForkingEndsAtTheLimit() throws Exception {
        JsonNode got = ok("""
            import errno, os, signal, time
            def f(event):
                children = []
                try:
                    while len(children) < 200:
                        pid = os.fork()
                        if pid == 0:
                            time.sleep(30)
                            os._exit(0)
                        children.append(pid)
                    return ["no limit", len(children)]
                except OSError as error:
                    return [errno.errorcode[error.errno], len(children)]
                finally:
                    for pid in children:
                        os.kill(pid, signal.SIGKILL)
            """);
        assertEquals("EAGAIN", got.get(0).asText(), "A80");
        assertEquals(23, got.get(1).asInt(), "A80: 24 with itself");
    }

    @AlsoOnPureCgroup2
    @Test
    void a81ThreadsEndAtTheSameLimit() throws Exception {
        JsonNode got = ok("""
            import threading
            def f(event):
                end = threading.Event()
                threads = []
                try:
                    while len(threads) < 200:
                        thread = threading.Thread(target=end.wait)
                        thread.start()
                        threads.append(thread)
                    return ["no limit", len(threads)]
                except RuntimeError:
                    return ["RuntimeError", len(threads)]
                finally:
                    end.set()
            """);
        assertEquals("RuntimeError", got.get(0).asText(), "A81");
        assertEquals(23, got.get(1).asInt(), "A81");
    }

    @AlsoOnPureCgroup2
    @Test
    void a82aMemoryEndsAtTheLimit() throws Exception {
        assertOutOfMemory("def f(event):\n    return len(bytearray(1 << 30))\n");
    }

    @Test
    void a82bSharedMemoryEndsAtTheLimit() throws Exception {
        assertOutOfMemory(
                "import mmap\ndef f(event):\n    m = mmap.mmap(-1, 1 << 30)\n    for i in range(0, 1 << 30, 4096):\n"
                        + "        m[i] = 1\n    return 1\n");
    }

    @AlsoOnPureCgroup2
    @Test
    void a82cFilesInMemoryEndAtTheirLimit() throws Exception {
        JsonNode got = ok("""
            import errno, os
            def f(event):
                fd = os.memfd_create("hog")
                try:
                    for i in range(4096):
                        os.write(fd, bytes(1 << 20))
                    return "no limit"
                except OSError as error:
                    return errno.errorcode[error.errno]
                finally:
                    os.close(fd)
            """);
        assertEquals("EFBIG", got.asText(), "A82");
    }

    @AlsoOnPureCgroup2
    @Test
    void a82dAChildThatTakesAllIsSeen() throws Exception {
        assertOutOfMemory(
                "import os\ndef f(event):\n    if os.fork() == 0:\n        bytearray(1 << 30)\n        os._exit(0)\n"
                        + "    status = os.wait()[1]\n    if status:\n        raise RuntimeError('child ended')\n");
    }

    private void assertOutOfMemory(String code) throws Exception {
        AttackedWorker.Answer answer = call(code);
        // A request for more than there is may be refused at once, too.
        boolean refused = answer.status() == 500 && answer.body().toString().contains("MemoryError");
        assertTrue(
                refused || answer.status() == 502 && answer.body().toString().contains("out of memory"),
                () -> "A82 " + answer.status() + " " + answer.body());
        assertServesAgain();
    }

    @AlsoOnPureCgroup2
    @Test
    void a84OpenFilesEndAtTheLimitAndTheWorkersDoNot() throws Exception {
        long before = Processes.openFiles();
        JsonNode got = ok("""
            import errno, os
            def f(event):
                opened = []
                try:
                    while len(opened) < 10000:
                        opened.append(os.open("/dev/null", os.O_RDONLY))
                except OSError as error:
                    return [errno.errorcode[error.errno], len(opened)]
                finally:
                    for fd in opened:
                        os.close(fd)
            """);
        assertEquals("EMFILE", got.get(0).asText(), "A84");
        assertEquals(60, got.get(1).asInt(), "A84");
        long after = Processes.openFiles();
        assertTrue(after < before + 40, "A84 the worker's open files: " + before + " became " + after);
    }

    @AlsoOnPureCgroup2
    @Test
    void a85AProcessorIsSharedAsTheLimitSays() throws Exception {
        JsonNode got = ok("""
            import os, time
            def f(event):
                children = []
                for _ in range(4):
                    pid = os.fork()
                    if pid == 0:
                        end = time.monotonic() + 2
                        while time.monotonic() < end:
                            pass
                        os._exit(0)
                    children.append(pid)
                for pid in children:
                    os.waitpid(pid, 0)
                used = os.times()
                return used.children_user + used.children_system
            """);
        // Half a processor for two seconds, and the rest of the last period.
        assertTrue(got.asDouble() < 1.8, "A85 processor seconds: " + got);
    }

    @AlsoOnPureCgroup2
    @Test
    void a86a87a88FilesEndAtTheLimits() throws Exception {
        JsonNode got = ok("""
            import errno, os
            def outcome(attack):
                try:
                    return attack() or "no limit"
                except OSError as error:
                    return errno.errorcode[error.errno]
            def fill(folder):
                for i in range(100):
                    with open("%s/part-%d" % (folder, i), "wb", buffering=0) as file:
                        if file.write(bytes(1 << 20)) < 1 << 20:
                            file.write(bytes(1 << 20))
            def many(folder):
                for i in range(1000000):
                    os.close(os.open("%s/empty-%d" % (folder, i), os.O_CREAT | os.O_WRONLY))
            def sparse(folder):
                with open(folder + "/sparse", "wb") as file:
                    file.truncate(1 << 40)
            def clean(folder):
                for name in os.listdir(folder):
                    if os.path.isfile(folder + "/" + name):
                        os.unlink(folder + "/" + name)
            def f(event):
                got = []
                for folder in ("/tmp", "/dev/shm", "/host"):
                    for attack in (fill, many, sparse):
                        got.append(outcome(lambda: attack(folder)))
                        clean(folder)
                return got
            """);
        assertEquals(
                "[" + "\"ENOSPC\",\"ENOSPC\",\"EFBIG\",".repeat(3).replaceAll(",$", "") + "]",
                got.toString(),
                "A86 A87 A88");
    }

    @Test
    void a90AFloodOfOutputIsBoundedAndCannotForgeLines() throws Exception {
        long heap = Runtime.getRuntime().totalMemory();
        ok("""
            import os
            def f(event):
                os.write(1, b"2020-01-01T00:00:00Z leaf-1 peer | forged\\x1b[2J\\x00\\r\\n")
                for _ in range(300):
                    os.write(1, b"x" * 65536)
                    os.write(1, b"line\\n" * 10000)
            """);
        Path log = worker.directory().resolve("logs/lambdas.log");
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!Files.readString(log).contains("forged") && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        String text = Files.readString(log);
        assertTrue(text.contains(lambda + " | 2020-01-01"), "A90 the line has its lambda's name");
        assertFalse(
                text.contains("\u001b") || text.contains("\u0000") || text.contains("\r"), "A90 control characters");
        assertTrue(text.lines().noneMatch(line -> line.startsWith("2020")), "A90 forged line");
        try (Stream<Path> logs = Files.list(log.getParent())) {
            long bytes = logs.mapToLong(file -> file.toFile().length()).sum();
            assertTrue(bytes < 64 << 20, "A90 bytes of logs: " + bytes);
        }
        assertTrue(Runtime.getRuntime().totalMemory() < heap + (512L << 20), "A90 heap");
    }

    @AlsoOnPureCgroup2
    @Test
    void a93ALambdaThatNeverAnswersIsEnded() throws Exception {
        worker.install(
                lambda,
                "import signal, time\n"
                        + "def f(event):\n"
                        + "    for n in range(1, 32):\n"
                        + "        try:\n"
                        + "            signal.signal(n, signal.SIG_IGN)\n"
                        + "        except (OSError, ValueError):\n"
                        + "            pass\n"
                        + "    while True:\n"
                        + "        time.sleep(60)\n",
                Map.of("ol.yaml", "limits: {runtime_sec: 1}\n"));
        assertEquals(504, worker.call(lambda, null).status(), "A93");
        assertTrue(worker.worker().leaves(lambda).stream().noneMatch(leaf -> leaf.alive()), "A93 its leaf lives");
        assertServesAgain();
    }

    @AlsoOnPureCgroup2
    @Test
    void a94NothingRunsBetweenCalls() throws Exception {
        String code = """
            import threading, time
            n = 0
            def count():
                global n
                while True:
                    n += 1
                    time.sleep(0.001)
            threading.Thread(target=count, daemon=True).start()
            def f(event):
                return n
            """;
        int first = ok(code).asInt();
        Thread.sleep(1500);
        AttackedWorker.Answer second = worker.call(lambda, null);
        assertEquals("warm", second.start());
        assertTrue(second.body().asInt() < first + 500, "A94 it counted from " + first + " to " + second.body());
    }

    @AlsoOnPureCgroup2
    @Test
    void a95ADaemonEndsWithItsLeaf() throws Exception {
        String mark = "zygotes-daemon-" + ProcessHandle.current().pid();
        ok("""
        import os
        def f(event):
            reader, writer = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.execv("/usr/bin/env", ["env", "sh", "-c", "sleep 300; : %s"])
                os._exit(0)
            os.close(writer)
            os.read(reader, 1)  # until the daemon is another program
        """.formatted(mark));
        assertTrue(Processes.running(mark) > 0, "A95 the daemon runs");
        worker.dropLeaves(lambda);
        Processes.awaitNone(mark);
    }

    @Test
    void a97ALambdaThatEndsBadlyIsReplaced() throws Exception {
        for (String end : new String[] {
            "os._exit(0)",
            "ctypes.string_at(0)",
            "os.kill(os.getpid(), 9) or os.abort()",
            "os.closerange(0, 9999)",
            "os.close(3)",
            "os.execv('/bin/true', ['true'])"
        }) {
            AttackedWorker.Answer answer = call("import ctypes, os, sys\ndef f(event):\n    " + end + "\n");
            assertEquals(502, answer.status(), () -> "A97 " + end + ": " + answer.body());
            assertServesAgain();
        }
        for (String end : new String[] {"sys.exit(0)", "f(event)", "raise KeyboardInterrupt"}) {
            AttackedWorker.Answer answer = call("import sys\ndef f(event):\n    " + end + "\n");
            assertEquals(500, answer.status(), () -> "A97 " + end + ": " + answer.body());
        }
    }

    @Test
    void anAnswerOrAnErrorThatCannotBeWrittenDownIsSaidAndEndsNoLeaf() throws Exception {
        worker.install(lambda, """
            class Odd(Exception):
                def __str__(self):
                    raise KeyError("no text")
            class Lazy(dict):
                def items(self):
                    raise KeyError("no items")
            def f(event):
                if event == "raise":
                    raise Odd()
                return Lazy(a=1)
            """, Map.of("ol.yaml", LIMITS));
        AttackedWorker.Answer raised = worker.call(lambda, "raise");
        assertEquals(500, raised.status(), () -> raised.body().toString());
        assertTrue(
                raised.body().get("error").asText().startsWith("Odd"),
                () -> raised.body().toString());
        AttackedWorker.Answer returned = worker.call(lambda, "return");
        assertEquals(500, returned.status(), () -> returned.body().toString());
        assertTrue(
                returned.body().get("error").asText().contains("no items"),
                () -> returned.body().toString());
        assertEquals(raised.sandbox(), returned.sandbox());
    }

    @Test
    void anErrorOfAnImportThatCannotBeWrittenDownIsTheImports() throws Exception {
        AttackedWorker.Answer answer = call("""
            class Odd(Exception):
                def __str__(self):
                    raise KeyError("no text")
            raise Odd()
            """);
        assertEquals(500, answer.status());
        assertTrue(
                answer.body().get("error").asText().contains("the import failed"),
                () -> answer.body().toString());
        assertTrue(
                answer.body().get("traceback").asText().contains("raise Odd()"),
                () -> answer.body().toString());
    }

    @Test
    void aLimitBeyondWhatTheKernelKnowsIsNone() throws Exception {
        for (String limit : new String[] {"procs", "cpu_percent", "open_files", "tmp_mb", "runtime_sec"}) {
            worker.install(
                    lambda,
                    "def f(event):\n    return 1\n",
                    Map.of("ol.yaml", "limits: {" + limit + ": 2147483647}\n"));
            AttackedWorker.Answer answer = worker.call(lambda, null);
            assertEquals(200, answer.status(), () -> limit + ": " + answer.body());
        }
    }

    @Test
    void a98OrphansAreReaped() throws Exception {
        String code = """
            import os
            def f(event):
                for _ in range(10):
                    child = os.fork()
                    if child == 0:
                        if os.fork() == 0:
                            os._exit(0)
                        os._exit(0)
                    os.waitpid(child, 0)  # and never for an orphan: those are all the worker's to reap
                return sum(name.isdigit() for name in os.listdir("/proc"))
            """;
        ok(code);
        for (int i = 0; i < 8; i++) {
            AttackedWorker.Answer answer = worker.call(lambda, null);
            assertEquals(200, answer.status(), () -> "A98 " + answer.body());
            assertEquals("warm", answer.start());
        }
    }

    @Test
    void aReplyOfAnotherProcessOfTheLambdaIsRefused() throws Exception {
        AttackedWorker.Answer answer = call("""
            import os, struct, time
            def f(event):
                if os.fork() == 0:
                    os.write(3, struct.pack(">IBH", 8, 12, 200) + b'"fake"')
                    os._exit(0)
                os.wait()
                return "true"
            """);
        assertEquals(502, answer.status(), () -> answer.body().toString());
    }
}
