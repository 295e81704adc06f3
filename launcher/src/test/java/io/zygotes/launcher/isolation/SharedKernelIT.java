package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.image.Machine;
import io.zygotes.spi.Zygote;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What sandboxes share in the kernel and in the worker although their walls stand: groups, names, stores, time. */
class SharedKernelIT extends WithOwnWorker {

    private static final String WHICH =
            "import os\ndef f(event):\n    return [os.getpriority(os.PRIO_PROCESS, 0), os.getpgrp(), os.getsid(0)]\n";

    @Test
    void signalsAndPrioritiesForAGroupOfProcessesReachNobodyElse() throws Exception {
        start(config -> {});
        lambda("peer", "", WHICH);
        lambda("later", "", WHICH);
        lambda(
                "slows",
                "",
                "import os\ndef f(event):\n    os.setpriority(os.PRIO_PGRP, 0, 19)\n    return os.getpriority(0, 0)\n");
        lambda("ends", "", "import os, signal\ndef f(event):\n    os.kill(0, event)\n    return 'alive'\n");
        worker.ok("peer", null);
        worker.ok("slows", null); // its leaf is of the same zygote now, if it was not before
        List<String> before =
                worker.worker().zygotes().stream().map(zygote -> zygote.id()).toList();
        assertEquals(19, worker.ok("slows", null).body().asInt());
        // Continuing does nothing to whom it reaches, but tells whether there is anybody.
        assertEquals("alive", worker.ok("ends", 18).body().asText());
        assertEquals(
                "alive", worker.ok("ends", 9).body().asText(), "the first process of its namespace cannot kill itself");
        AttackedWorker.Answer peer = worker.ok("peer", null);
        assertEquals("warm", peer.start(), "its leaf lives");
        assertEquals("[0,1,0]", peer.body().toString(), "priority, group, session: the group is its own");
        assertEquals("[0,1,0]", worker.ok("later", null).body().toString(), "a leaf that was forked after the attacks");
        assertEquals(
                before,
                worker.worker().zygotes().stream().map(zygote -> zygote.id()).toList());
    }

    @Test
    void aCrashNeverReachesAProgramOfTheHostsThatTakesCores() throws Exception {
        start(config -> {});
        lambda("crashes", "", """
            import os, resource, signal
            def f(event):
                seen = [resource.getrlimit(resource.RLIMIT_CORE)]
                for limit in ((0, 0), (0, 1), (1, 1)):
                    try:
                        resource.prlimit(0, resource.RLIMIT_CORE, limit)
                    except PermissionError:
                        seen.append("refused")
                seen.append(resource.getrlimit(resource.RLIMIT_CORE))
                child = os.fork()
                if child == 0:
                    os.kill(os.getpid(), signal.SIGSEGV)
                return seen + [os.waitpid(child, 0)[1]]
            """);
        for (String expected : List.of("cold", "warm")) {
            AttackedWorker.Answer answer = worker.ok("crashes", null);
            assertEquals(expected, answer.start());
            // 11 without 128, which would say that the kernel made a core.
            assertEquals(
                    "[[1,1],\"refused\",\"refused\",\"refused\",[1,1],11]",
                    answer.body().toString());
        }
    }

    @Test
    void aPackageCannotKeepFiltersBeyondTheProcessesThatHaveThem() throws Exception {
        HostilePackage hoarder = HostilePackage.of("hoarder", """
            import ctypes, errno, platform, struct
            code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000), 8)
            program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(code)), 16)
            libc = ctypes.CDLL(None, use_errno=True)
            SEEN = []
            for flags in (8, 0):
                result = libc.syscall(317 if platform.machine() == "x86_64" else 277, 1, flags, program)
                SEEN.append(errno.errorcode[ctypes.get_errno()] if result < 0 else "done")
            """);
        String code = "import hoarder\ndef f(event):\n    return hoarder.SEEN\n";
        start(config -> {}, hoarder);
        lambda("hoards", "hoarder", code);
        assertEquals("[\"EPERM\",\"EPERM\"]", worker.ok("hoards", null).body().toString());
        worker.close();
        start(config -> ((ObjectNode) config.get("features")).put("enable_seccomp", false), hoarder);
        lambda("hoards", "hoarder", code);
        assertEquals("[\"done\",\"done\"]", worker.ok("hoards", null).body().toString(), "the probe is real");
    }

    /** Since Linux 6.12. */
    private static boolean hasScopes() {
        String[] version = System.getProperty("os.version").split("[^0-9]+");
        int major = Integer.parseInt(version[0]);
        return major > 6 || major == 6 && Integer.parseInt(version[1]) >= 12;
    }

    @Test
    void aPackageDoesNotReachAbstractSocketsOfLambdasThatDidNotAskForIt() throws Exception {
        start(config -> {}, HostilePackage.of("caller", """
            import socket, threading, time
            TRIED = []
            def call():
                while True:
                    try:
                        with socket.socket(socket.AF_UNIX) as client:
                            client.connect("\\0zygotes-test-victim")
                            client.send(b"reached")
                    except OSError as error:
                        TRIED.append(error.errno)
                    time.sleep(0.01)
            threading.Thread(target=call, daemon=True).start()
            """), HostilePackage.of("calm", "VALUE = 1\n"));
        String victim = """
            import socket
            def f(event):
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind("\\0zygotes-test-victim")
                    server.listen()
                    server.settimeout(1)
                    try:
                        with server.accept()[0] as client:
                            return client.recv(100).decode()
                    except TimeoutError:
                        return "nobody came"
            """;
        lambda("calls", "caller", "import caller\n" + victim);
        lambda("calm", "calm", victim);
        lambda("bare", "", victim);
        assertEquals(
                "reached", worker.ok("calls", null).body().asText(), "its own lambda asked for it: the probe is real");
        String expected = hasScopes() ? "nobody came" : "reached";
        assertEquals(expected, worker.ok("calm", null).body().asText(), "a lambda with another package");
        assertEquals(expected, worker.ok("bare", null).body().asText(), "a lambda without packages");
    }

    @AlsoOnPureCgroup2
    @Test
    void whatAPackageHidesInAGroupOfALeafEndsWithItsZygote() throws Exception {
        start(config -> {}, HostilePackage.of("squatter", """
            import ctypes, os, struct, time
            from _zygotes import wire
            # Keeps the descriptor of the first leaf's cgroup, and makes a process there when that is empty again.
            KEPT = []
            received = wire.receive_request
            def receive_request(control):
                request, descriptors = received(control)
                for fd in () if KEPT else descriptors:
                    try:
                        os.close(os.open("cgroup.events", os.O_RDONLY, dir_fd=fd))
                    except OSError:
                        continue
                    KEPT.append(os.dup(fd))
                    if os.fork() == 0:
                        wait(KEPT[0])
                    break
                return request, descriptors
            def populated(fd):
                with open(os.open("cgroup.events", os.O_RDONLY, dir_fd=fd)) as events:
                    return "populated 1" in events.read()
            def wait(fd):
                try:
                    while not populated(fd):
                        time.sleep(0.01)
                    while populated(fd):
                        time.sleep(0.01)
                    into = ctypes.create_string_buffer(struct.pack("11Q", 1 << 33, 0, 0, 0, 17, 0, 0, 0, 0, 0, fd), 88)
                    ctypes.CDLL(None).syscall(435, into, 88)
                    time.sleep(600)
                finally:
                    os._exit(0)
            wire.receive_request = receive_request
            """));
        lambda(
                "squats",
                "squatter",
                "import time\ndef f(event):\n    time.sleep(0.3)\n"); // so that its group is seen in use
        worker.ok("squats", null);
        List<Zygote> zygotes = worker.worker().zygotes();
        worker.dropLeaves("squats");
        Path family = familyWithALeafGroupInUse();
        zygotes.forEach(zygote -> zygote.destroy());
        await(() -> !Files.exists(family), family + " is still there: " + processes(family));
    }

    @Test
    void aPackageThatKeepsWhatLeavesGetHasTheWorkerKeepNothing() throws Exception {
        start(config -> {}, HostilePackage.of("keeper", """
            import os
            from _zygotes import wire
            # Also the leaf's ends of its channel and its output, which so never end for the worker.
            KEPT = []
            received = wire.receive_request
            def receive_request(control):
                request, descriptors = received(control)
                for fd in descriptors:
                    KEPT.append(os.dup(fd))
                return request, descriptors
            wire.receive_request = receive_request
            """));
        lambda("counts", "keeper", "import keeper\ndef f(event):\n    return len(keeper.KEPT)\n");
        assertTrue(worker.ok("counts", null).body().asInt() > 2, "the probe does not work");
        lambda("kept", "keeper", "import os\ndef f(event):\n    print('last words')\n    os._exit(3)\n");
        int before = 0;
        for (int i = 0; i < 40; i++) {
            long start = System.nanoTime();
            AttackedWorker.Answer answer = worker.call("kept", null);
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(answer.body().path("error").asText().contains("exited with code 3"), () -> "" + answer.body());
            assertTrue(millis < 10_000, "a leaf's end is noticed at its end, not at the call's: " + millis + " ms");
            if (i == 9) {
                before = openFiles();
            }
        }
        int most = before + 20;
        await(
                () -> openFiles() <= most,
                "open files of the worker after 10 leaves: " + before + ", after 40: " + openFiles());
        Path log = worker.directory().resolve("logs/lambdas.log");
        await(() -> Files.readString(log).split("last words", -1).length == 41, "what leaves print last is kept");
    }

    private static int openFiles() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return (int) all.count();
        }
    }

    @Test
    void whatAZygoteSaysOfPackagesThatItDoesNotHaveIsNotBelieved() throws Exception {
        start(config -> {}, HostilePackage.of("liar", """
            import json
            from _zygotes import wire
            sent = wire.send_frame
            def send_frame(descriptor, kind, body=b""):
                if kind == wire.FRAME_READY and b"costs" in body:
                    body = json.dumps({"costs": {"liar==1": [7, 7], "numpy==2.2.3": [1e9, 1e9]}}).encode()
                sent(descriptor, kind, body)
            wire.send_frame = send_frame
            """));
        lambda("lies", "liar", "def f(event):\n    return event\n");
        worker.ok("lies", 1);
        worker.worker().close();
        String costs = Files.readString(worker.directory().resolve("import-costs.json"));
        assertTrue(costs.contains("liar==1"), costs);
        assertTrue(!costs.contains("numpy"), costs);
    }

    private Path familyWithALeafGroupInUse() throws Exception {
        List<Path> found = new ArrayList<>();
        await(
                () -> {
                    try (Stream<Path> all = Files.walk(Machine.region(worker.directory()), 2)) {
                        all.filter(group -> group.getFileName().toString().startsWith("leaf-"))
                                .filter(group -> group.getParent()
                                        .getFileName()
                                        .toString()
                                        .startsWith("zygote-"))
                                .filter(group -> !processes(group).isEmpty())
                                .forEach(group -> found.add(group.getParent()));
                    } catch (UncheckedIOException e) {
                        return false; // a group went meanwhile: another look
                    }
                    return !found.isEmpty();
                },
                "no process came into the group: the probe does not work");
        return found.getFirst();
    }

    private static String processes(Path group) {
        try (Stream<Path> all = Files.walk(group)) {
            StringBuilder text = new StringBuilder();
            for (Path file : all.filter(one -> one.endsWith("cgroup.procs")).toList()) {
                text.append(Files.readString(file));
            }
            return text.toString();
        } catch (IOException | UncheckedIOException e) {
            return ""; // it is being removed
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition, String otherwise) throws Exception {
        for (long end = System.nanoTime() + 30_000_000_000L; !condition.holds() && System.nanoTime() < end; ) {
            Thread.sleep(20);
        }
        assertTrue(condition.holds(), otherwise);
    }

    @Test
    void whoPrintsWithoutEndHasTheWorkerDoLittleForIt() throws Exception {
        start(config -> {});
        lambda("says", "", "def f(event):\n    print('said', event)\n");
        worker.ok("says", "before");
        for (String what : List.of("b'\\n'", "b'x'")) {
            String name = what.contains("n") ? "lines" : "bytes";
            lambda(name, "", """
                import os, time
                def f(event):
                    end = time.monotonic() + 2
                    while time.monotonic() < end:
                        os.write(1, %s * 65536)
                """.formatted(what));
            long before = pumpNanos();
            worker.ok(name, null);
            long spent = (pumpNanos() - before) / 1_000_000;
            assertTrue(spent < 700, name + ": the worker spent " + spent + " ms of processor time on 2 s of printing");
        }
        worker.ok("says", "after");
        Path log = worker.directory().resolve("logs/lambdas.log");
        await(() -> Files.readString(log).contains("said after"), "what others print does not come any more");
        assertTrue(Files.readString(log).contains("bytes lost"), "the loss is written down");
    }

    /** Processor time of the thread that reads what sandboxes print. */
    private static long pumpNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().equals("sandbox-output"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId()))
                .sum();
    }
}
