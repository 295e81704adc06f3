package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Zygotes that have imported a function's own code. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FunctionZygoteTest {

    private RealSandboxes real;
    private Zygote root;
    private int functions;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    @AfterAll
    void stop() {
        real.close();
    }

    private static String call(Leaf leaf, String event) throws Exception {
        Reply reply = leaf.call(Invocation.post(event.getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(30));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    private Zygote zygote(LeafSpec function) throws Exception {
        return zygote(function, Optional.empty());
    }

    private Zygote zygote(LeafSpec function, Optional<String> event) throws Exception {
        return real.mechanism.createFunctionZygote(Optional.of(root), new FunctionZygoteSpec(function, event));
    }

    private Leaf leaf(Zygote zygote) throws Exception {
        return real.mechanism.createLeaf(Optional.of(zygote), zygote.function().orElseThrow());
    }

    private LeafSpec function(String source) {
        return real.lambda("it-" + ++functions, source);
    }

    private LeafSpec limited(LeafSpec plain, Limits limits, Map<String, String> environment) {
        return new LeafSpec(plain.lambda(), plain.handler(), plain.packages(), limits, plain.network(), environment);
    }

    @AlsoOnPureCgroup2
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesBeginWhereTheFunctionIsImported(boolean forked) throws Exception {
        PackageId alpha = real.pack("alpha", "1.0", "VALUE = 7\n");
        LeafSpec spec = real.lambda("it", """
            import alpha, os, time
            imported = time.perf_counter()
            calls = []
            def f(event):
                calls.append(event)
                return [alpha.VALUE, imported, calls, os.getcwd(), os.getpid(), __name__, __file__]
            """, alpha);
        Optional<Zygote> parent = forked
                ? Optional.of(real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(alpha)))
                : Optional.empty();
        Zygote zygote = real.mechanism.createFunctionZygote(parent, new FunctionZygoteSpec(spec, Optional.empty()));
        assertEquals(Optional.of(spec), zygote.function());
        Leaf one = leaf(zygote);
        Leaf two = leaf(zygote);
        String first = call(one, "1");
        assertTrue(first.endsWith(", [1], \"/handler\", 1, \"f\", \"/handler/f.py\"]"), first);
        assertEquals(first.replace("[1]", "[2]"), call(two, "2"));
        assertEquals(first.replace("[1]", "[1, 3]"), call(one, "3"));
        zygote.destroy();
        assertEquals(first.replace("[1]", "[1, 3, 4]"), call(one, "4"), "a leaf outlives its zygote");
    }

    @Test
    void randomNumbersDifferBetweenLeavesWhateverMadeThem() throws Exception {
        Zygote zygote = zygote(function("""
            import random, uuid, os, tempfile
            own = random.Random()
            fixed = random.Random(5)
            def f(event):
                return [random.random(), own.random(), str(uuid.uuid4()), os.urandom(4).hex(), fixed.random()]
            """), Optional.of("null"));
        Set<String> seen = new HashSet<>();
        String last = "";
        for (int i = 0; i < 3; i++) {
            String[] numbers = call(leaf(zygote), "").split(",");
            for (int k = 0; k < 4; k++) {
                assertTrue(seen.add(k + numbers[k]), String.join(",", numbers));
            }
            assertTrue(last.isEmpty() || last.equals(numbers[4]), "one that got a seed goes on alike in all");
            last = numbers[4];
        }
    }

    @Test
    void aFunctionHasItsLimitsItsEnvironmentAndItsOwnModulesInTheZygoteAndInLeaves() throws Exception {
        LeafSpec plain = function("""
            import os, resource, json
            os.environ["SET"] = "by f"
            def look():
                limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)]
                variables = [os.environ.get(name) for name in ("V", "SET", "OMP_NUM_THREADS", "PYTHONPATH")]
                return [limits[1], variables, json.mine]
            seen = look()
            with open("/tmp/made", "w") as made:
                made.write("by f")
            kept = open("/handler/f.py")
            kept.read(5)
            def f(event):
                return [seen == look(), look(), open("/tmp/made").read(), kept.read(3), resource.getrlimit(7)[0]]
            """);
        Files.writeString(plain.handler().resolve("json.py"), "mine = True\n");
        Limits usual = RealSandboxes.LIMITS;
        Limits limits = new Limits(usual.memMb(), 1, usual.cpuPercent(), 0, usual.runtimeSec(), 64, 8);
        LeafSpec spec = limited(plain, limits, Map.of("V", "v", "SET", "before"));
        Zygote zygote = zygote(spec);
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    "200 [true, [8388608, [\"v\", \"by f\", null, null], true], \"by f\", \"t o\", 64]",
                    call(leaf(zygote), ""));
        }
    }

    @Test
    void hooksRunAroundTheForkAsSnapStartHasThem() throws Exception {
        String source = """
            from snapshot_restore_py import register_after_restore, register_before_snapshot
            done = []
            @register_before_snapshot
            def first(): done.append("before 1")
            register_before_snapshot(done.append, "before 2")
            @register_after_restore
            def last(): done.append("after 1")
            register_after_restore(lambda *given, **named: done.append([given, named]), 2, by="name")
            def f(event): return done
            """;
        LeafSpec spec = function(source);
        String expected = "200 [%s\"before 2\", \"before 1\", \"after 1\", [[2], {\"by\": \"name\"}]]";
        Zygote zygote = zygote(spec);
        for (int i = 0; i < 2; i++) {
            assertEquals(expected.formatted(""), call(leaf(zygote), ""));
        }
        // Code that counts on its hooks works where there is no zygote of the function, too.
        assertEquals(expected.formatted(""), call(real.mechanism.createLeaf(Optional.of(root), spec), ""));
        assertEquals(expected.formatted(""), call(real.mechanism.createLeaf(Optional.empty(), spec), ""));

        PackageId pinned = real.pack("snapshot_restore_py", "9", """
            before, after = [], []
            def register_before_snapshot(func, *args, **kwargs): before.append((func, args, kwargs)); return func
            def register_after_restore(func, *args, **kwargs): after.append((func, args, kwargs)); return func
            def get_before_snapshot(): return before
            def get_after_restore():
                import f
                f.done.insert(0, "its own") if after and "its own" not in f.done else None
                return after
            """);
        LeafSpec own = real.lambda("pins", source, pinned);
        assertEquals(expected.formatted("\"its own\", "), call(leaf(zygote(own)), ""));
    }

    @Test
    void primingCallsTheFunctionOnceBeforeTheFirstFork() throws Exception {
        Zygote zygote = zygote(function("""
            calls = []
            async def f(event):
                calls.append(event)
                return calls
            """), Optional.of("{\"warm\": [1, null]}"));
        assertEquals("200 [{\"warm\": [1, null]}, 1]", call(leaf(zygote), "1"));
        assertEquals("200 [{\"warm\": [1, null]}, 2]", call(leaf(zygote), "2"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        it starts threads (Thread- | import threading as t, time; t.Timer(60, print).start()
        it leaves child processes ( | import subprocess; p = subprocess.Popen(["sleep", "60"])
        it leaves child processes | import subprocess, time; p = subprocess.Popen(["true"]); time.sleep(0.3)
        it leaves 1 processes | import subprocess; subprocess.run(["sh", "-c", "sleep 60 &"])
        it keeps a connection to 127.0.0.1 port | SOCKET c = socket.create_connection(s.getsockname()); s = s.accept()
        it keeps a socket at 127.0.0.1 port | SOCKET
        it holds a lock (lock of f) | import threading; lock = threading.Lock(); lock.acquire()
        it holds a lock (guard of a Kept) | from threading import *; k = type("Kept", (), {})(); k.guard = RLock(); k.guard.acquire()
        it holds a lock on /handler/f.py | import fcntl; file = open(__file__); fcntl.flock(file, fcntl.LOCK_SH)
        it keeps /host/tmp/log open for writing | log = open("/tmp/log", "w")
        it sets a timer | import signal; signal.setitimer(signal.ITIMER_REAL, 60)
        it leaves 1 files with 6291456 bytes in /tmp | open("/tmp/large", "wb").write(bytes(6 << 20))
        """)
    void whatAForkDoesNotCarryOverIsToldByName(String reason, String source) throws Exception {
        String code =
                source.replace("SOCKET", "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen();");
        LeafSpec spec = function(code + "\ndef f(event): return 1\n");
        SandboxException.CannotFork e = assertThrows(SandboxException.CannotFork.class, () -> zygote(spec));
        assertTrue(e.reason().startsWith(reason), e.reason());
        assertEquals("200 1", call(real.mechanism.createLeaf(Optional.of(root), spec), ""), "as before");
    }

    @Test
    void anEventLoopThatTheFunctionKeepsIsNotCarriedOver() throws Exception {
        LeafSpec spec = function("""
            import asyncio
            kept = []
            async def f(event):
                kept.append(asyncio.get_running_loop())
            """);
        SandboxException.CannotFork e =
                assertThrows(SandboxException.CannotFork.class, () -> zygote(spec, Optional.of("1")));
        assertEquals("it keeps the event loop of its first call", e.reason());
    }

    private static String withHook(String source) {
        return source.replace(
                        "BEFORE",
                        "f = lambda event: 1; from snapshot_restore_py import register_before_snapshot as before;")
                + "\n";
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ValueError: no | raise ValueError("no")
        SystemExit: 3 | raise SystemExit(3)
        the event of its zygote: KeyError: 'key' | def f(event): return event["key"]
        the lambda returned cannot be written | def f(event): return {1, 2}
        before its snapshot: ZeroDivisionError: | BEFORE before(divmod, 1, 0)
        """)
    void codeThatFailsBeforeTheForkSaysWhereAndWhy(String message, String source) throws Exception {
        LeafSpec spec = function(withHook(source));
        SandboxException.ImportFailed e =
                assertThrows(SandboxException.ImportFailed.class, () -> zygote(spec, Optional.of("{}")));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertFalse(e.traceback().contains("_zygotes"), e.traceback());
        assertEquals(Map.of(), e.unfit());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        importing f.py for lambda it- | import time; time.sleep(60)
        called with the event of its zygote for lambda it- | import time; f = lambda event: time.sleep(60)
        registered for before its snapshot for lambda it- | import time; BEFORE before(time.sleep, 60)
        """)
    void codeThatHangsBeforeTheForkIsEnded(String doing, String source) throws Exception {
        LeafSpec spec = limited(function(withHook(source)), new Limits(128, 16, 100, 0, 1, 256, 16), Map.of());
        SandboxException.TimedOut e =
                assertThrows(SandboxException.TimedOut.class, () -> zygote(spec, Optional.of("{}")));
        assertTrue(e.getMessage().contains(doing), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        import os; os.fork(); f = lambda event: 1
        import os; f = lambda event: os.fork() and 1
        import os; BEFORE before(os.fork)
        import os; os._exit(3)
        """)
    void codeThatForksOrExitsBeforeTheForkLeavesNothing(String source) throws Exception {
        LeafSpec spec = function(withHook(source));
        assertThrows(SandboxException.class, () -> zygote(spec, Optional.of("{}")));
        assertEquals("200 2", call(leaf(zygote(function("def f(event): return 2\n"))), ""));
    }

    @Test
    void aRestoreThatFailsIsAnAnswerWithATraceback() throws Exception {
        String source = """
            from snapshot_restore_py import register_after_restore
            @register_after_restore
            def connect(): raise ConnectionError("no database")
            def f(event): return 1
            """;
        for (Leaf leaf : new Leaf[] {
            leaf(zygote(function(source))), real.mechanism.createLeaf(Optional.of(root), function(source))
        }) {
            String answer = call(leaf, "");
            assertTrue(answer.startsWith("500 ") && answer.contains("failed: ConnectionError: no database"), answer);
            assertTrue(answer.contains("line 3, in connect") && !answer.contains("_zygotes"), answer);
            SandboxException.Died next = assertThrows(SandboxException.Died.class, () -> call(leaf, ""));
            assertFalse(next.callStarted(), "the next call is made in another leaf");
        }
    }

    @Test
    void aRestoreHasALimitOfItsOwn() throws Exception {
        Leaf leaf = leaf(zygote(function("""
            import time
            from snapshot_restore_py import register_after_restore
            register_after_restore(time.sleep, 60)
            def f(event): return 1
            """)));
        long start = System.nanoTime();
        SandboxException.TimedOut e = assertThrows(SandboxException.TimedOut.class, () -> call(leaf, ""));
        assertTrue(e.getMessage().contains("registered for after its restore"), e.getMessage());
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(20).toNanos());
        assertFalse(leaf.alive());
    }

    @Test
    void aZygoteThatIsKilledIsGoneForTheNextFork() throws Exception {
        Zygote zygote = zygote(function("import os\ndef f(event): return os.getppid()\n"));
        Leaf leaf = leaf(zygote);
        assertEquals("200 0", call(leaf, ""));
        zygote.destroy();
        assertThrows(SandboxException.ZygoteGone.class, () -> leaf(zygote));
        assertEquals("200 0", call(leaf, ""));
    }

    @Test
    void itsNetworkIsTheFunctions() throws Exception {
        LeafSpec plain = function("""
            import socket
            def interfaces(): return [name for number, name in socket.if_nameindex()]
            seen = interfaces()
            def f(event): return [seen, interfaces()]
            """);
        LeafSpec spec =
                new LeafSpec(plain.lambda(), plain.handler(), plain.packages(), plain.limits(), Network.NONE, Map.of());
        assertEquals("200 [[\"lo\"], [\"lo\"]]", call(leaf(zygote(spec)), ""));
    }
}
