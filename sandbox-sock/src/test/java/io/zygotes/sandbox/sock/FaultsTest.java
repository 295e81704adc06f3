package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Processes;
import io.zygotes.sandbox.sock.linux.Signal;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import io.zygotes.testbed.SmallDisk;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What fails around sandboxes: each fault is said, leaves nothing behind, and does not outlast its cause. What depends
 * on the layout of cgroups is tagged.
 */
class FaultsTest {

    private RealSandboxes real;
    private Zygote root;
    private Ledger before;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        real = new RealSandboxes(folder);
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
        serve(Optional.of(root));
        before = Ledger.settled(real);
    }

    @AfterEach
    void stop() {
        real.close();
    }

    private static String call(Leaf leaf) throws Exception {
        Reply reply = leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(30));
        return reply.status() + " " + new String(reply.body(), StandardCharsets.UTF_8);
    }

    private LeafSpec well() {
        return real.lambda("well", "def f(event): return 'well'\n");
    }

    /** The next request works. */
    private void serve(Optional<Zygote> parent) throws Exception {
        Leaf leaf = real.mechanism.createLeaf(parent, well());
        assertEquals("200 \"well\"", call(leaf));
        leaf.destroy();
    }

    private static void awaitEnd(Zygote zygote) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); zygote.alive() && System.nanoTime() < end; ) {
            Thread.sleep(10);
        }
        assertFalse(zygote.alive(), zygote + " is still alive");
    }

    /** Where version 1 has the limit, the warden is not under it. */
    private void limitTheWarden() throws Exception {
        Path top = real.top("pids");
        boolean unified = top.equals(real.tops().getFirst());
        FileIo.writeFile(top + (unified ? "/warden" : "") + "/cgroup.procs", Integer.toString(real.wardenPid()));
    }

    /** As many processes as there are now are allowed to all sandboxes together, for as long as the work takes. */
    private void withoutRoomForProcesses(Work work) throws Exception {
        String limit = real.top("pids") + "/pids.max";
        String most = FileIo.readFile(limit).strip();
        String now = FileIo.readFile(real.top("pids") + "/pids.current").strip();
        FileIo.writeFile(limit, now);
        try {
            work.run();
        } finally {
            FileIo.writeFile(limit, most);
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    @AlsoOnPureCgroup2
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aForkThatTheKernelRefusesIsSaidToBeAWantOfRoomAndWorksWhenThereIsSome(boolean forked) throws Exception {
        Optional<Zygote> parent = forked ? Optional.of(root) : Optional.empty();
        limitTheWarden();
        before = Ledger.settled(real);
        withoutRoomForProcesses(() -> {
            SandboxException.NoCapacity e =
                    assertThrows(SandboxException.NoCapacity.class, () -> real.mechanism.createLeaf(parent, well()));
            assertTrue(e.getMessage().contains("temporarily unavailable"), e.getMessage());
            assertTrue(e.getMessage().contains("pids.max"), e.getMessage());
            assertThrows(
                    SandboxException.NoCapacity.class,
                    () -> real.mechanism.createZygote(parent, RealSandboxes.zygote()));
            assertThrows(
                    SandboxException.NoCapacity.class,
                    () -> real.mechanism.run(
                            new Job("any", "", List.of(), Map.of(), List.of(), RealSandboxes.LIMITS, Network.NONE)));
        });
        assertTrue(root.alive(), "a zygote is not to blame for the machine");
        serve(parent);
        before.assertBack(real, "refused forks");
    }

    @AlsoOnPureCgroup2
    @Test
    void aZygoteThatFilledItsOwnLimitOfProcessesIsGivenUp() throws Exception {
        PackageId fills = real.pack("fills", "1", RealSandboxes.START_THREAD_OF_LIBRARY + """
            import time
            def fill():
                while True:
                    try:
                        _thread.start_new_thread(time.sleep, (600,))
                    except RuntimeError:
                        time.sleep(0.02)
            start_thread_when_told(fill)
            """);
        Zygote full = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(fills));
        RealSandboxes.tell(full);
        for (int i = 0; i < 200 && !((SockZygote) full).group().isFull(); i++) {
            Thread.sleep(100);
        }
        assertTrue(((SockZygote) full).group().isFull(), "it fills its limit");
        Thread.sleep(500);
        LeafSpec spec = real.lambda("it", "def f(event): return 1\n", fills);
        SandboxException.ZygoteGone e = assertThrows(
                SandboxException.ZygoteGone.class, () -> real.mechanism.createLeaf(Optional.of(full), spec));
        assertTrue(e.getMessage().contains("as many processes as it may"), e.getMessage());
        full.destroy();
        serve(Optional.of(root));
        before.assertBack(real, "a full zygote");
    }

    @AlsoOnPureCgroup2
    @Test
    void aZygoteWithoutMemoryForOneMoreChildEndsOrRefusesAndAnotherOneTakesItsPlace() throws Exception {
        real.mechanism.limitMemory(root, 1);
        List<Leaf> leaves = new ArrayList<>();
        SandboxException refused = null;
        LeafSpec well = well();
        for (int i = 0; i < 100 && refused == null; i++) {
            try {
                leaves.add(real.mechanism.createLeaf(Optional.of(root), well));
            } catch (SandboxException e) {
                refused = e;
            }
        }
        assertTrue(
                refused instanceof SandboxException.ZygoteGone || refused instanceof SandboxException.NoCapacity,
                String.valueOf(refused));
        assertFalse(leaves.isEmpty());
        assertEquals("200 \"well\"", call(leaves.getFirst()), "a leaf that there was goes on");
        leaves.forEach(Leaf::destroy);
        root.destroy();
        root = real.mechanism.createZygote(Optional.empty(), RealSandboxes.zygote());
        serve(Optional.of(root));
        before.assertBack(real, "a zygote without memory");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "import os; os.abort()",
                "import ctypes; ctypes.string_at(0)",
                "import os; os._exit(7)",
                "import os, signal; os.kill(os.getpid(), 9)",
                "import sys; sys.setrecursionlimit(1 << 30)\ndef f(n): return f(n + 1)\nf(0)"
            })
    void anImportThatCrashesTheInterpreterEndsTheZygoteAndTheLeafThatTried(String source) throws Exception {
        PackageId crashes = real.pack("crashes", "1", source + "\n");
        SandboxException e = assertThrows(
                SandboxException.class,
                () -> real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(crashes)));
        assertTrue(
                e.getMessage().contains("crashes") && e.getMessage().matches("(?s).*(signal|exited|import).*"),
                e.getMessage());
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), real.lambda("crashes", source + "\n"));
        SandboxException died = assertThrows(SandboxException.class, () -> call(leaf));
        assertTrue(
                died.getMessage().contains("f.py of lambda crashes")
                        || died instanceof SandboxException.ImportFailed
                        || died instanceof SandboxException.OutOfMemory,
                died.getMessage());
        assertFalse(leaf.alive());
        serve(Optional.of(root));
        before.assertBack(real, "an import that crashed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "import time; time.sleep(600)",
                "while True: pass",
                "import os; os.kill(os.getpid(), 19)",
                "import os\nwhile True: os.write(1, b'x' * 4096)"
            })
    void anImportThatHangsEndsWithItsDeadline(String source) throws Exception {
        PackageId hangs = real.pack("hangs", "1", source + "\n");
        Limits short_ = new Limits(128, 16, 100, 0, 1, 256, 16);
        // The first of a pid namespace cannot stop itself: pid_namespaces(7).
        String inALeaf = source.replace("os.kill(os.getpid(), 19)", "import signal; signal.pause()");
        long started = System.nanoTime();
        SandboxException.TimedOut e = assertThrows(
                SandboxException.TimedOut.class,
                () -> real.mechanism.createZygote(Optional.of(root), new ZygoteSpec(List.of(hangs), short_)));
        assertTrue(e.getMessage().contains("importing [hangs==1]"), e.getMessage());
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), real.lambda("hangs", inALeaf + "\n"));
        SandboxException.TimedOut late = assertThrows(
                SandboxException.TimedOut.class, () -> leaf.call(Invocation.post(new byte[0]), Duration.ofSeconds(1)));
        assertTrue(late.getMessage().contains("importing f.py of lambda hangs"), late.getMessage());
        assertTrue(System.nanoTime() - started < TimeUnit.SECONDS.toNanos(60));
        serve(Optional.of(root));
        before.assertBack(real, "an import that hung");
    }

    @Test
    void aZygoteThatStopsAnsweringIsGivenUpAfterAWhile() throws Exception {
        PackageId stops = real.pack(
                "stops",
                "1",
                RealSandboxes.START_THREAD_OF_LIBRARY
                        + "hold = ctypes.PyDLL(None).pause  # and the interpreter's lock with it\n"
                        + "start_thread_when_told(hold)\n");
        Zygote stopped = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote(stops));
        RealSandboxes.tell(stopped);
        LeafSpec spec = real.lambda("it", "def f(event): return 1\n", stops);
        System.setProperty("zygotes.launch.patience", "6");
        try {
            assertThrows(SandboxException.ZygoteGone.class, () -> {
                for (int i = 0; i < 100; i++) {
                    Thread.sleep(500);
                    // Until its thread has its turn, which may take a while on a busy machine, it answers.
                    real.mechanism.createLeaf(Optional.of(stopped), spec).destroy();
                }
            });
        } finally {
            System.clearProperty("zygotes.launch.patience");
        }
        stopped.destroy();
        serve(Optional.of(root));
        before.assertBack(real, "a zygote that does not answer");
    }

    @AlsoOnPureCgroup2
    @Test
    void aStrangerInALeafsGroupNeitherKeepsTheGroupNorTheNextLeafFromIt() throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), well());
        call(leaf);
        Path group = Path.of(((SockLeaf) leaf).group().path());
        Process stranger = new ProcessBuilder("sleep", "600").start();
        try {
            FileIo.writeFile(group + "/cgroup.procs", Long.toString(stranger.pid()));
            leaf.destroy();
            serve(Optional.of(root));
            assertTrue(stranger.waitFor(30, TimeUnit.SECONDS), "what is in a sandbox's group ends with it");
        } finally {
            stranger.destroyForcibly();
        }
        before.assertBack(real, "a stranger in a group");
    }

    @AlsoOnPureCgroup2
    @Test
    void groupsThatCannotBeRemovedAreRemovedLater() throws Exception {
        Zygote zygote = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote());
        Leaf leaf = real.mechanism.createLeaf(Optional.of(zygote), well());
        call(leaf);
        Path group = Path.of(((SockLeaf) leaf).group().path());
        Path below = Files.createDirectory(group.resolve("busy"));
        leaf.destroy();
        zygote.destroy();
        awaitEnd(zygote);
        Thread.sleep(500);
        assertTrue(Files.exists(below));
        serve(Optional.of(root));
        Files.delete(below);
        before.assertBack(real, "a group in use");
        awaitGone(group.getParent());
    }

    private static void awaitGone(Path folder) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                Files.exists(folder) && System.nanoTime() < end; ) {
            Thread.sleep(20);
        }
        assertFalse(Files.exists(folder), folder + " is still there");
    }

    @AlsoOnPureCgroup2
    @Test
    void groupsThatCannotBeRemovedDoNotKeepTheWorkerFromStoppingNorTheNextFromRemovingThem() throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), well());
        call(leaf);
        Path group = Path.of(((SockLeaf) leaf).group().path());
        Files.createDirectory(group.resolve("busy"));
        Path top = group.getParent().getParent();
        real.close();
        assertFalse(Files.exists(top), top + " is still there");
    }

    @Test
    void theMakingsOfALeafThatFailHalfWayGiveEverythingBack() throws Exception {
        // Its code is gone: the mount trees cannot be made, when the process lives already.
        LeafSpec lost = real.lambda("lost", "def f(event): return 1\n");
        Files.delete(lost.handler().resolve("f.py"));
        Files.delete(lost.handler());
        for (Optional<Zygote> parent : List.of(Optional.of(root), Optional.<Zygote>empty())) {
            SandboxException e = assertThrows(SandboxException.class, () -> real.mechanism.createLeaf(parent, lost));
            assertTrue(e.getMessage().contains(lost.handler().toString()), e.getMessage());
        }
        serve(Optional.of(root));
        before.assertBack(real, "makings that failed");
    }

    @Test
    void aWardenThatCannotBeStartedIsReportedAndStartedByTheNextRequest() throws Exception {
        Path runtime = SockStart.state(real.folder);
        Path aside = runtime.resolveSibling("aside");
        ProcessHandle.of(real.wardenPid()).orElseThrow().destroyForcibly();
        awaitEnd(root);
        Files.move(runtime, aside);
        for (int i = 0; i < 2; i++) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> real.mechanism.createLeaf(Optional.empty(), well()));
            assertTrue(e.getMessage().contains("the warden did not start"), e.getMessage());
        }
        Files.delete(runtime.resolve("root"));
        Files.delete(runtime);
        Files.move(aside, runtime);
        serve(Optional.empty());
    }

    /**
     * Java waits for the ends of these pipes whenever it starts a program: a warden that has them keeps it for good.
     */
    @Test
    void aWardenHasNoneOfThePipesToOtherProgramsOfTheWorker() throws Exception {
        Process other = new ProcessBuilder("sleep", "600").start();
        try {
            ProcessHandle.of(real.wardenPid()).orElseThrow().destroyForcibly();
            awaitEnd(root);
            serve(Optional.empty());
            Path descriptors = Path.of("/proc/" + real.wardenPid() + "/fd");
            List<String> pipes = new ArrayList<>();
            try (Stream<Path> all = Files.list(descriptors)) {
                for (Path descriptor : all.toList()) {
                    int number = Integer.parseInt(descriptor.getFileName().toString());
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (number > 2 && target.startsWith("pipe:")) {
                        pipes.add(number + " " + target);
                    }
                }
            }
            assertEquals(List.of(), pipes);
        } finally {
            other.destroyForcibly();
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void aWardenOrAZygoteThatSomebodyStoppedGoesOn() throws Exception {
        Processes.kill(real.wardenPid(), Signal.STOP);
        serve(Optional.empty());

        Processes.kill(real.wardenPid(), Signal.STOP);
        Zygote made = real.mechanism.createZygote(Optional.of(root), RealSandboxes.zygote());
        made.destroy();

        Processes.kill(((SockZygote) root).pid(), Signal.STOP);
        serve(Optional.of(root));

        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), well());
        Processes.kill(real.wardenPid(), Signal.STOP);
        leaf.destroy();
        assertEquals(137, ((SockLeaf) leaf).ended().get(30, TimeUnit.SECONDS), "its end is told");
        before.assertBack(real, "processes that were stopped");
    }

    @Test
    void aLeafThatEndsWhileItIsBeingMadeIsAnErrorAndNothingElse() throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), well());
        Processes.kill(((SockLeaf) leaf).pid(), Signal.KILL);
        SandboxException.Died e = assertThrows(SandboxException.Died.class, () -> call(leaf));
        assertFalse(e.callStarted(), "it can be tried again");
        assertTrue(e.getMessage().contains("signal 9"), e.getMessage());
        serve(Optional.of(root));
        before.assertBack(real, "a leaf that was killed");
    }

    @AlsoOnPureCgroup2
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aLeafThatIsKilledFromOutsideFailsItsCallAndNoOther(boolean frozen) throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), real.lambda("slow", """
            import time
            def f(event):
                print("it works", flush=True)
                time.sleep(600)
            """));
        Thread killer = Thread.ofPlatform().start(() -> {
            try {
                while (!real.printed.contains("slow: it works")) {
                    Thread.sleep(5);
                }
                if (frozen) {
                    leaf.freeze();
                }
                Processes.kill(((SockLeaf) leaf).pid(), Signal.KILL);
            } catch (InterruptedException | LinuxException e) {
                throw new IllegalStateException(e);
            }
        });
        SandboxException.Died e = assertThrows(SandboxException.Died.class, () -> call(leaf));
        killer.join();
        assertTrue(e.callStarted(), "it may have done something");
        serve(Optional.of(root));
        before.assertBack(real, "a leaf that was killed");
    }

    @AlsoOnPureCgroup2
    @Test
    void namesAndDepthsInALeafsFilesDoNotMatterWhenItGoes() throws Exception {
        Leaf leaf = real.mechanism.createLeaf(Optional.of(root), real.lambda("litters", """
            import os, socket
            def f(event):
                os.chdir("/tmp")
                for name in (b"\\xff\\xfe", b"new\\nline", b"-rf", b"...", b"a" * 255, "ä".encode()):
                    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0))
                os.mkfifo("fifo")
                os.symlink("/", "link")
                os.link("fifo", "again")
                s = socket.socket(socket.AF_UNIX)
                s.bind("socket")
                depth = 0
                try:
                    while depth < 3000:
                        os.mkdir("d" * 200)
                        os.chdir("d" * 200)
                        depth += 1
                except OSError:
                    pass
                os.chmod("/host", 0)
                return depth
            """));
        String answer = call(leaf);
        assertTrue(answer.startsWith("200 ") && Integer.parseInt(answer.substring(4)) > 1000, answer);
        leaf.destroy();
        serve(Optional.of(root));
        before.assertBack(real, "a litter of files");
    }

    @Test
    void aChainOfZygotesEndsBeforeTheKernelEndsIt() throws Exception {
        Zygote above = root;
        SandboxException refused = null;
        int depth = 0;
        List<Zygote> chain = new ArrayList<>();
        try {
            for (; depth < 40 && refused == null; depth++) {
                try {
                    above = real.mechanism.createZygote(Optional.of(above), RealSandboxes.zygote());
                    chain.add(above);
                } catch (SandboxException e) {
                    refused = e;
                }
            }
            assertInstanceOf(SandboxException.class, refused, "40 deep: the kernel allows 32");
            assertTrue(refused.getMessage().contains("Make the tree flatter"), refused.getMessage());
            serve(Optional.of(above));
        } finally {
            chain.forEach(Zygote::destroy);
        }
        before.assertBack(real, "a chain of " + depth + " zygotes");
    }

    @Test
    void aFullDiskKeepsTheMechanismFromStartingAndLeavesNothing(@TempDir Path place) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(place, 1)) {
            disk.fill();
            SandboxException e = assertThrows(SandboxException.class, () -> new RealSandboxes(disk.folder()).close());
            assertTrue(
                    e.getMessage().contains("disk full") || e.getMessage().contains("No space left"), e.getMessage());
            disk.free();
            new RealSandboxes(disk.folder()).close();
        }
        before.assertBack(real, "starts on a full disk");
    }

    @Test
    void theRecordOfAWorkersRegionThatCannotBeWrittenTakesNoRegion(@TempDir Path place) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(place, 1)) {
            Path region;
            try (RealSandboxes first = new RealSandboxes(disk.folder())) {
                region = first.top("pids");
            }
            disk.fill();
            SandboxException e = assertThrows(SandboxException.class, () -> new RealSandboxes(disk.folder()).close());
            assertTrue(e.getMessage().contains("region") && e.getMessage().contains("disk full"), e.getMessage());
            assertFalse(Files.exists(region), () -> region + " is left");
            disk.free();
            new RealSandboxes(disk.folder()).close();
        }
    }

    private Job job(String script, Path writable) {
        return new Job(
                "writes",
                script,
                List.of(),
                Map.of(),
                List.of(new Job.Mount(writable, "/mnt/out", true)),
                RealSandboxes.LIMITS,
                Network.NONE);
    }

    @Test
    void aJobThatFillsTheDiskIsEndedBeforeItIsFull(@TempDir Path place) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(place, 40)) {
            Path out = Files.createDirectory(disk.folder().resolve("out"));
            String fills = """
                import time
                with open("/mnt/out/file", "wb", buffering=0) as file:
                    for _ in range(39):
                        file.write(bytes(1 << 20))
                    time.sleep(600)
                """;
            SandboxException e = assertThrows(SandboxException.class, () -> real.mechanism.run(job(fills, out)));
            assertTrue(e.getMessage().contains("MiB must stay free"), e.getMessage());
            assertEquals(0, Files.getAttribute(out.resolve("file"), "unix:uid"), "its files are root's again");
            // Who comes to a full disk may use what is there.
            assertEquals(
                    0,
                    real.mechanism.run(job("import time; time.sleep(0.6)", out)).exitCode());
        }
        before.assertBack(real, "a job that filled a disk");
    }

    @Test
    void aJobOnAFullDiskSeesThatItIsFull(@TempDir Path place) throws Exception {
        try (SmallDisk disk = SmallDisk.mount(place, 1)) {
            Path out = Files.createDirectory(disk.folder().resolve("out"));
            disk.fill();
            // Which of them fails depends on Python's buffers: what is written, or that the file is closed.
            String writes = "with open('/mnt/out/x', 'w') as file:\n    file.write('x' * 100000)\n";
            JobResult result = real.mechanism.run(job(writes, out));
            assertEquals(1, result.exitCode());
            assertTrue(result.output().contains("No space left"), result.output());
        }
    }
}
