package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@AlsoOnPureCgroup2
class SockMechanismTest {

    private RealSandboxes real;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
    }

    @AfterEach
    void stop() {
        real.close();
    }

    private static String call(Leaf leaf, String event) throws Exception {
        Reply reply = leaf.call(Invocation.post(event.getBytes(StandardCharsets.UTF_8)), Duration.ofSeconds(30));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void aFreshLeafAnswers() throws Exception {
        LeafSpec spec = real.lambda("echo", "def f(event):\n    return {'got': event}\n");
        Leaf leaf = real.mechanism.createLeaf(Optional.empty(), spec);
        assertEquals("200 {\"got\": [1, 2]}", call(leaf, "[1, 2]"));
        assertEquals("200 {\"got\": null}", call(leaf, ""));
        assertTrue(call(leaf, "{").startsWith("400 "));
    }

    @Test
    void aLeafForkedDownATreeFindsAllPackagesImported() throws Exception {
        PackageId a = real.pack("alpha", "1.0", "VALUE = 1\n");
        PackageId b = real.pack("beta", "2.0", "import alpha\nVALUE = alpha.VALUE + 1\n");
        Zygote root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
        Zygote one = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(a));
        Zygote two = real.mechanism.createZygote(Optional.of(one), RealSandboxes.zygote(a, b));
        LeafSpec spec = real.lambda(
                "both",
                "import sys\nseen = [m in sys.modules for m in ('alpha', 'beta')]\nimport beta\n"
                        + "def f(event):\n    import os\n    return [seen, beta.VALUE, os.getuid() >= 10000]\n",
                a,
                b);
        for (int i = 0; i < 3; i++) {
            Leaf leaf = real.mechanism.createLeaf(Optional.of(two), spec);
            assertEquals("200 [[true, true], 2, true]", call(leaf, ""));
        }
    }

    private Zygote root() throws Exception {
        return real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
    }

    private Leaf leaf(Optional<Zygote> parent, String source) throws Exception {
        return real.mechanism.createLeaf(parent, real.lambda("it", source));
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "true, true"})
    void anErrorWhileFIsImportedComesWithPythonsTraceback(boolean forked, boolean calledLate) throws Exception {
        Leaf leaf = leaf(forked ? Optional.of(root()) : Optional.empty(), "x = 1\nraise ValueError('no luck')\n");
        if (calledLate) {
            Thread.sleep(300); // it is gone before it is called
        }
        SandboxException.ImportFailed e = assertThrows(SandboxException.ImportFailed.class, () -> call(leaf, ""));
        assertTrue(e.traceback().contains("File \"/handler/f.py\", line 2"), e.traceback());
        assertTrue(e.traceback().contains("ValueError: no luck"), e.traceback());
        assertFalse(e.traceback().contains("_zygotes"), e.traceback());
        assertFalse(leaf.alive());
    }

    @Test
    void aLambdaThatExitsIsToldFromOneThatIsKilled() throws Exception {
        Zygote root = root();
        Leaf exits = leaf(Optional.of(root), "import os\ndef f(event): os._exit(3)\n");
        SandboxException.Died exited = assertThrows(SandboxException.Died.class, () -> call(exits, ""));
        assertTrue(exited.getMessage().contains("code 3") && exited.callStarted(), exited.getMessage());
        Leaf crashes = leaf(Optional.of(root), "import ctypes\ndef f(event): ctypes.string_at(0)\n");
        SandboxException.Died crashed = assertThrows(SandboxException.Died.class, () -> call(crashes, ""));
        assertTrue(crashed.getMessage().contains("ended by signal 11 (SIGSEGV)"), crashed.getMessage());
    }

    @Test
    void aLeafThatTakesTooMuchMemoryIsEndedAndBlamedForIt() throws Exception {
        Leaf leaf = leaf(Optional.of(root()), "def f(event):\n    return len(bytearray(1 << 30))\n");
        SandboxException.OutOfMemory e = assertThrows(SandboxException.OutOfMemory.class, () -> call(leaf, ""));
        assertTrue(
                e.getMessage()
                        .matches(".* ran out of memory running lambda .*: it had used (all|[0-9.]+ MiB) of the "
                                + leaf.spec().limits().memMb() + " MiB that it may, files in /tmp included; raise"
                                + " limits.mem_mb of the lambda or the worker"),
                e.getMessage());
    }

    @Test
    void whatOfAnAnswerIsNoJsonIsToldByWhereItStands() throws Exception {
        Leaf leaf = leaf(Optional.of(root()), """
            import decimal
            def f(event):
                if event == 1:
                    return [0, {"price": float("nan")}]
                if event == 2:
                    return {"a": [1, {"b c": -float("inf")}]}
                if event == 3:
                    return {"x": decimal.Decimal(1)}
                return {(1, 2): 3}
            """);
        for (String[] each : new String[][] {
            {"1", "; [1].price is NaN, which is no JSON: return None in its place"},
            {"2", "; a[1][\\\"b c\\\"] is -Infinity, which is no JSON"},
            {"3", "; x is of type Decimal, of which str() or float() makes JSON"},
            {"4", "; a key of the result is of type tuple"}
        }) {
            String said = call(leaf, each[0]);
            assertTrue(said.startsWith("500 ") && said.contains(each[1]), said);
        }
    }

    @Test
    void aCallThatTakesTooLongEndsTheLeaf() throws Exception {
        Leaf leaf = leaf(Optional.of(root()), "import time\ndef f(event): time.sleep(60)\n");
        SandboxException.TimedOut e = assertThrows(
                SandboxException.TimedOut.class, () -> leaf.call(Invocation.post(new byte[0]), Duration.ofMillis(300)));
        assertTrue(e.getMessage().contains("its time was over, after 0.3 s: raise limits.runtime_sec"), e.getMessage());
        assertFalse(leaf.alive());
    }

    @Test
    void aFrozenLeafMakesNoProgressAndGoesOnWhenItIsThawed() throws Exception {
        Leaf leaf = leaf(Optional.of(root()), """
            import threading, time
            n = 0
            def count():
                global n
                while True:
                    n += 1
                    time.sleep(0.001)
            threading.Thread(target=count, daemon=True).start()
            def f(event): return n
            """);
        long started = System.nanoTime();
        int first = count(leaf);
        leaf.freeze();
        Thread.sleep(500);
        leaf.thaw();
        int thawed = count(leaf);
        // It counts one each millisecond at the most, and a busy machine may take long to freeze and to thaw.
        long awake = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started) - 500;
        assertTrue(thawed - first < awake + 200, "it counted from " + first + " to " + thawed + " while it was frozen");
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); count(leaf) <= thawed + 50; ) {
            assertTrue(System.nanoTime() < end, "it does not go on");
            Thread.sleep(50);
        }
    }

    private static int count(Leaf leaf) throws Exception {
        return Integer.parseInt(call(leaf, "").substring(4));
    }

    @Test
    void aSpareBecomesTheLeafOfALambda() throws Exception {
        PackageId a = real.pack("alpha", "1.0", "VALUE = 1\n");
        PackageId extra = real.pack("extra", "3.0", "VALUE = 3\n");
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(a));
        String source = "import alpha, extra\ndef f(event): return alpha.VALUE + extra.VALUE\n";
        Sandbox spare = real.mechanism.createSpare(zygote, RealSandboxes.LIMITS, Network.HOST);
        assertTrue(spare.alive());
        LeafSpec spec = real.lambda("it", source, a, extra);
        Leaf leaf = real.mechanism.specialise(spare, spec);
        assertEquals("200 4", call(leaf, ""));
        assertThrows(IllegalArgumentException.class, () -> real.mechanism.specialise(spare, spec));
    }

    @ParameterizedTest
    @CsvSource({"256, ''", "64, ''", "256, here", "64, here"})
    void aLeafHasItsOwnLimitsAndEnvironmentWhetherItWasASpareOrNot(int openFiles, String variable) throws Exception {
        Zygote root = root();
        Limits usual = RealSandboxes.LIMITS;
        Limits limits = new Limits(
                usual.memMb(),
                usual.procs(),
                usual.cpuPercent(),
                usual.swappiness(),
                usual.runtimeSec(),
                openFiles,
                usual.tmpMb());
        String source = """
            import os, resource
            def f(event):
                limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)]
                return [limits, os.environ.get("V", ""), os.getcwd(), os.listdir("/proc/self/fd")]
            """;
        Map<String, String> environment = variable.isEmpty() ? Map.of() : Map.of("V", variable);
        LeafSpec plain = real.lambda("it", source);
        LeafSpec spec = new LeafSpec("it", plain.handler(), plain.packages(), limits, plain.network(), environment);
        String expected = "200 [[%d, %d], \"%s\", \"/handler\", [\"0\", \"1\", \"2\", \"3\", \"4\"]]"
                .formatted(openFiles, usual.tmpMb() << 20, variable);
        for (int i = 0; i < 2; i++) {
            assertEquals(expected, call(real.mechanism.createLeaf(Optional.of(root), spec), ""));
            Sandbox spare = real.mechanism.createSpare(root, usual, Network.HOST);
            assertEquals(expected, call(real.mechanism.specialise(spare, spec), ""));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 4_000, 8_000, 1_000_000})
    void anEnvironmentOfAnySizeReachesTheLeafAndHarmsNoZygote(int size) throws Exception {
        Zygote root = root();
        LeafSpec plain = real.lambda("it", "import os\ndef f(event):\n    return len(os.environ.get('LONG', ''))\n");
        LeafSpec spec = new LeafSpec(
                "it",
                plain.handler(),
                plain.packages(),
                plain.limits(),
                plain.network(),
                Map.of("LONG", "x".repeat(size)));
        assertEquals("200 " + size, call(real.mechanism.createLeaf(Optional.of(root), spec), ""));
        assertEquals("200 0", call(real.mechanism.createLeaf(Optional.of(root), plain), ""));
    }

    @Test
    void aLeafOutlivesItsZygote() throws Exception {
        Zygote root = root();
        Leaf leaf = leaf(Optional.of(root), "n = 0\ndef f(event):\n    global n\n    n += 1\n    return n\n");
        assertEquals("200 1", call(leaf, ""));
        root.destroy();
        assertEquals("200 2", call(leaf, ""));
        assertThrows(SandboxException.ZygoteGone.class, () -> leaf(Optional.of(root), "def f(event): return 1\n"));
    }

    @Test
    void aZygoteWhoseImportFailsSaysWhyAndIsGone() throws Exception {
        PackageId bad = real.pack("bad", "1", "import nothing_like_this\n");
        SandboxException.ImportFailed e = assertThrows(
                SandboxException.ImportFailed.class,
                () -> real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(bad)));
        assertTrue(e.traceback().contains("nothing_like_this"), e.traceback());
        PackageId dies = real.pack("dies", "1", "import os\nos._exit(9)\n");
        assertThrows(
                SandboxException.Died.class,
                () -> real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote(dies)));
    }

    /** matplotlib-inline cannot be imported without matplotlib, which IPython, who needs it, can do without. */
    @Test
    void aZygotePassesOverWhatOthersNeedAndCannotBeImported() throws Exception {
        PackageId lacks = real.pack("lacks", "1", "TRIED = True\nimport nothing_like_this\n");
        PackageId works = real.pack("works", "1", "VALUE = 5\n");
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(lacks, works));
        LeafSpec spec = real.lambda("uses", """
            import sys
            before = sorted({'lacks', 'works'} & set(sys.modules))
            import works
            def f(event):
                try:
                    import lacks
                except ImportError as error:
                    return [before, works.VALUE, str(error)]
            """, lacks, works);
        assertEquals(
                "200 [[\"works\"], 5, \"No module named 'nothing_like_this'\"]",
                call(real.mechanism.createLeaf(Optional.of(zygote), spec), ""));
    }

    /** BeautifulSoup without lxml never learns of it, nor pandas of pyarrow. */
    @Test
    void aLambdaWithAPackageThatTheZygoteLookedForInVainIsNotForkedFromIt() throws Exception {
        PackageId looks = real.pack("looks", "1", """
            try:
                import helper
            except ImportError:
                helper = None
            """);
        PackageId helper = real.pack("helper", "1", "VALUE = 5\n");
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(looks));
        String source = "import looks\ndef f(event):\n    return looks.helper is None\n";
        assertEquals(Optional.empty(), real.mechanism.misfit(zygote, real.lambda("without", source, looks)));
        assertTrue(real.mechanism
                .misfit(zygote, real.lambda("with", source, looks, helper))
                .orElseThrow()
                .contains("helper"));
        assertTrue(real.mechanism
                .misfit(zygote, RealSandboxes.zygote(looks, helper))
                .isPresent());
        assertEquals(Optional.empty(), real.mechanism.misfit(root(), RealSandboxes.zygote(looks, helper)));
        Zygote both = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(looks, helper));
        assertEquals(Optional.empty(), real.mechanism.misfit(both, real.lambda("both", source, looks, helper)));
    }

    @Test
    void locksThatAnImportHoldsAndTheFolderItWentToAreThoseOfALeaf() throws Exception {
        PackageId holds = real.pack("holds", "1", """
            import os, queue, threading
            plain, own, line = threading.Lock(), threading.RLock(), queue.Queue()
            plain.acquire(), own.acquire(), line.mutex.acquire()
            os.chdir("/usr")
            """);
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(holds));
        LeafSpec spec = real.lambda("finds", """
            import holds, os
            def f(event):
                found = [lock.acquire(blocking=False) for lock in (holds.plain, holds.line.mutex, holds.own)]
                holds.own.release(), holds.own.release(), holds.plain.release(), holds.line.mutex.release()
                holds.line.put(1)
                return found + [os.getcwd(), holds.line.get()]
            """, holds);
        assertEquals(
                "200 [false, false, true, \"/usr\", 1]",
                call(real.mechanism.createLeaf(Optional.of(zygote), spec), ""));
    }

    /** coverage, say, remembers it while it is imported. */
    @Test
    void packagesAreImportedInTheWorkingDirectoryOfLambdas() throws Exception {
        PackageId place = real.pack("place", "1", "import os\nPLACE = os.getcwd()\n");
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(place));
        LeafSpec spec =
                real.lambda("asks", "import os, place\ndef f(event):\n    return [place.PLACE, os.getcwd()]\n", place);
        assertEquals(
                "200 [\"/handler\", \"/handler\"]", call(real.mechanism.createLeaf(Optional.of(zygote), spec), ""));
    }

    @Test
    void aZygoteWithThreadsStillForks() throws Exception {
        PackageId busy = real.pack("busy", "1", RealSandboxes.START_THREAD_OF_LIBRARY + """
            import time, warnings
            start_thread_of_library(time.sleep, 60)
            def hook(*warning):
                print("warned", flush=True)
            warnings.simplefilter("always")
            warnings.showwarning = hook
            """);
        Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(busy));
        LeafSpec spec = real.lambda("calm", "import threading\ndef f(event): return threading.active_count()\n", busy);
        Leaf leaf = real.mechanism.createLeaf(Optional.of(zygote), spec);
        assertEquals("200 1", call(leaf, ""));
        leaf.destroy();
        assertEquals("200 1", call(real.mechanism.createLeaf(Optional.of(zygote), spec), ""));
        // Python 3.12 and later would have much to say to the package's hook about such forks.
        assertEquals(List.of(), List.copyOf(real.printed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"signal.signal(signal.SIGCHLD, signal.SIG_IGN)", """
        def reap(number, frame):
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
        signal.signal(signal.SIGCHLD, reap)
        """})
    void aPackageThatWaitsForEveryChildDoesNotHarmItsZygote(String source) throws Exception {
        String[] threads = {"", "start_thread_of_library(time.sleep, 60)\n"};
        String helper = RealSandboxes.START_THREAD_OF_LIBRARY + "import os, signal, time\n";
        for (int i = 0; i < threads.length; i++) {
            PackageId reaps = real.pack("reaps" + i, "1", helper + source + "\n" + threads[i]);
            Zygote zygote = real.mechanism.createZygote(Optional.of(root()), RealSandboxes.zygote(reaps));
            LeafSpec spec = real.lambda("it", "def f(event): return 1\n", reaps);
            for (int again = 0; again < 2; again++) {
                assertEquals("200 1", call(real.mechanism.createLeaf(Optional.of(zygote), spec), ""));
            }
        }
    }

    @Test
    void whatALambdaPrintsReachesTheWorkerLineByLine() throws Exception {
        call(leaf(Optional.of(root()), "print('at import')\ndef f(event):\n    print('one\\ntwo', end='')\n"), "");
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (real.printed.size() < 3 && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        // What the call did not end with a line is one when it is over.
        assertEquals(List.of("it: at import", "it: one", "it: two"), List.copyOf(real.printed));
    }

    @Test
    void aJobWritesOnlyWhereItMayAndItsFilesEndUpWithRoot(@TempDir Path folder) throws Exception {
        String script = """
            import os, sys
            open("/mnt/out/made", "w").write(sys.argv[1] + os.environ["WORD"])
            print("said", os.path.exists("/mnt/in/f.py"))
            for place in ("/mnt/in/x", "/usr/x", "/x"):
                try:
                    open(place, "w")
                    print("wrote", place)
                except OSError:
                    pass
            sys.exit(7)
            """;
        Path in = real.lambda("in", "").handler();
        JobResult result = real.mechanism.run(new Job(
                "test",
                script,
                List.of("arg-"),
                Map.of("WORD", "word"),
                List.of(new Job.Mount(folder, "/mnt/out", true), new Job.Mount(in, "/mnt/in", false)),
                RealSandboxes.LIMITS,
                Network.NONE));
        assertEquals("said True\n", result.output());
        assertEquals(7, result.exitCode());
        assertEquals("arg-word", Files.readString(folder.resolve("made")));
        assertEquals(0, Files.getAttribute(folder.resolve("made"), "unix:uid"));
    }

    @Test
    void aJobThatHangsIsEnded(@TempDir Path folder) {
        Limits limits = new Limits(64, 4, 100, 0, 1, 64, 4);
        Job job =
                new Job("hang", "import time\ntime.sleep(60)\n", List.of(), Map.of(), List.of(), limits, Network.NONE);
        assertThrows(SandboxException.TimedOut.class, () -> real.mechanism.run(job));
    }

    private static boolean lives(int pid) {
        try {
            return !Files.readString(Path.of("/proc/" + pid + "/status")).contains("State:\tZ");
        } catch (IOException e) {
            return false; // there is none, or it goes at this moment
        }
    }

    @Test
    void nothingIsLeftAfterClose() throws Exception {
        Zygote root = root();
        Leaf frozen = leaf(Optional.of(root), "def f(event): return 1\n");
        call(frozen, "");
        frozen.freeze();
        call(leaf(Optional.empty(), "def f(event): return 1\n"), "");
        Path group = Path.of(((SockLeaf) frozen).group().path()).getParent().getParent();
        int pid = ((SockLeaf) frozen).pid();
        real.close();
        assertFalse(Files.exists(group), () -> group + " is still there");
        // Whoever reaps it may need a moment, and in a container without an init it is never reaped.
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); lives(pid); ) {
            assertTrue(System.nanoTime() < end, pid + " lives");
            Thread.sleep(5);
        }
        assertFalse(Files.readString(Path.of("/proc/self/mountinfo")).contains(real.folder.toString()));
    }

    @Test
    void aWardenThatIsKilledTakesAllSandboxesWithItAndIsStartedAgain() throws Exception {
        Zygote root = root();
        Leaf leaf = leaf(Optional.of(root), "def f(event): return 1\n");
        call(leaf, "");
        ProcessHandle.of(real.wardenPid()).orElseThrow().destroyForcibly();
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (leaf.alive() && System.nanoTime() < deadline) {
            Thread.sleep(5);
        }
        assertThrows(SandboxException.Died.class, () -> call(leaf, ""));
        assertEquals("200 2", call(leaf(Optional.of(root()), "def f(event): return 2\n"), ""));
        assertFalse(root.alive());
    }
}
