package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Packages that misbehave while a zygote imports them, and afterwards: rows of group 1.7. */
class ZygoteIsolationIT extends WithOwnWorker {

    @AlsoOnPureCgroup2
    @TestFactory
    List<DynamicNode> z01TheAttacksOfALeafFromImportTimeInAZygote() throws Exception {
        try (Canaries canaries = Canaries.plant()) {
            Map<String, Object> event =
                    new HashMap<>(canaries.event(canaries.port(), "host", List.of("a-lambda-of-another-tenant")));
            event.put("zygote", true);
            Map<String, String> files = new HashMap<>();
            for (String name : List.of("probe", "identity", "files", "syscalls", "neighbours")) {
                files.put(
                        "z01_" + name + ".py",
                        AttackedWorker.resource(name + ".py").replace("from probe", "from z01_probe"));
            }
            files.put("z01.py", """
                import json, os
                # Without the folder's own descriptor, which is in the list and closed by now.
                OPEN = [number for number in os.listdir("/proc/self/fd") if os.path.lexists("/proc/self/fd/" + number)]
                import z01_files, z01_identity, z01_neighbours, z01_probe, z01_syscalls
                EVENT = json.loads(%s)
                ROWS = {}
                for group in (z01_identity, z01_files, z01_syscalls, z01_neighbours):
                    report = z01_probe.Report(EVENT)
                    group.run(report)
                    ROWS[group.__name__] = report.rows
                # What a package leaves open would make it unfit, and its lambdas would not be forked from the zygote.
                for number in set(os.listdir("/proc/self/fd")) - set(OPEN):
                    try:
                        os.close(int(number))
                    except OSError:
                        pass
                """.formatted(
                            AttackedWorker.JSON.writeValueAsString(AttackedWorker.JSON.writeValueAsString(event))));
            start(config -> {}, new HostilePackage("z01", files));
            lambda(
                    "z01",
                    "z01",
                    "import sys\nbefore = 'z01' in sys.modules\nimport z01\n"
                            + "def f(event):\n    return z01.ROWS[event] if before else 'not from a zygote'\n");
            List<DynamicNode> nodes = new ArrayList<>();
            for (String group : List.of("identity", "files", "syscalls", "neighbours")) {
                nodes.add(dynamicContainer(group, Rows.held(worker.call("z01", "z01_" + group))));
            }
            assertEquals("", canaries.damage());
            return nodes;
        }
    }

    @Test
    void z02PatchedFunctionsDoNotLetALeafKeepRights() throws Exception {
        start(config -> {}, HostilePackage.of("z02", """
            import ctypes, os, resource
            def nothing(*arguments, **more):
                return 0
            for name in ("setresuid", "setresgid", "setuid", "setgroups", "close", "closerange", "chroot", "unshare"):
                setattr(os, name, nothing)
            resource.setrlimit = nothing
            ctypes.CDLL = ctypes.PyDLL = nothing
            """));
        lambda("z02", "z02", """
            import os
            def f(event):
                lines = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
                fds = []
                for fd in os.listdir("/proc/self/fd"):
                    try:
                        os.fstat(int(fd))
                        fds.append(int(fd))
                    except OSError:
                        pass
                return [lines["CapEff"].strip(), lines["CapBnd"].strip(), lines["NoNewPrivs"].strip(),
                        lines["Seccomp_filters"].strip(), os.getuid() != 0, sorted(fds), os.getpid()]
            """);
        assertEquals(
                "[\"0000000000000000\",\"0000000000000000\",\"1\",\"2\",true,[0,1,2,3],1]",
                worker.ok("z02", null).body().toString(),
                "Z02");
    }

    @AlsoOnPureCgroup2
    @Test
    void z04AndZ06DescriptorsThatAPackageKeepsAreUseless() throws Exception {
        start(config -> {}, HostilePackage.of("z04", """
            import os, stat
            from _zygotes import wire
            # Keeps a copy of every descriptor that comes with a request, and looks where they lead.
            SEEN = []
            received = wire.receive_request
            def receive_request(channel):
                request, descriptors = received(channel)
                for fd in descriptors:
                    SEEN.append(look(os.dup(fd)))
                return request, descriptors
            def look(fd):
                if not stat.S_ISDIR(os.fstat(fd).st_mode):
                    return "no folder"
                try:
                    up = os.open("../../../../..", os.O_RDONLY, dir_fd=fd)
                    names = sorted(os.listdir(up))
                    os.close(up)
                except OSError as error:
                    return str(error)
                try:
                    with open(os.open("cgroup.procs", os.O_WRONLY, dir_fd=fd), "w") as procs:
                        procs.write("1")
                    names.append("moved the warden")
                except OSError:
                    pass
                return names
            wire.receive_request = receive_request
            """));
        lambda(
                "z04",
                "z04",
                "import os, z04\ndef f(event):\n    return [z04.SEEN, len(os.listdir('/proc/self/fd')) - 1]\n");
        JsonNode got = worker.ok("z04", null).body();
        assertTrue(got.get(0).size() >= 4, "Z04 the package saw the descriptors: " + got);
        for (JsonNode seen : got.get(0)) {
            String text = seen.toString();
            assertFalse(
                    text.contains("worker-")
                            || text.contains("zygote")
                            || text.contains("moved")
                            || text.contains("warden"),
                    "Z04 Z06 " + text);
        }
        assertEquals(4, got.get(1).asInt(), "Z04 open files of the leaf");
        worker.dropLeaves("z04");
        assertEquals(
                4,
                worker.ok("z04", null).body().get(1).asInt(),
                "Z04 open files of the next leaf, whose zygote kept copies");
    }

    @Test
    void z05APackageCannotHurtLambdasThatDidNotAskForIt() throws Exception {
        start(config -> {}, HostilePackage.of("z05", """
            import os, signal, threading, time
            DONE = []
            def hunt():
                while True:
                    for pid in range(1, 400):
                        if pid != os.getpid():
                            try:
                                os.kill(pid, signal.SIGKILL)
                            except OSError:
                                pass
                            try:
                                open("/proc/%d/mem" % pid, "rb").close()
                                DONE.append(pid)
                            except OSError:
                                pass
                    time.sleep(0.01)
            threading.Thread(target=hunt, daemon=True).start()
            """), HostilePackage.of("calm", "VALUE = 1\n"));
        lambda("z05", "z05", "def f(event):\n    return 1\n");
        lambda("z05-other", "calm", "import calm, time\ndef f(event):\n    time.sleep(0.3)\n    return calm.VALUE\n");
        worker.install("z05-bare", "import time\ndef f(event):\n    time.sleep(0.3)\n    return 1\n", Map.of());
        assertEquals(1, worker.ok("z05-other", null).body().asInt());
        List<String> before =
                worker.worker().zygotes().stream().map(zygote -> zygote.id()).toList();
        // Its own lambda may suffer: it asked for the package.
        worker.call("z05", null);
        for (int i = 0; i < 5; i++) {
            assertEquals(1, worker.ok("z05-other", null).body().asInt(), "Z05 lambda with another package");
            assertEquals(1, worker.ok("z05-bare", null).body().asInt(), "Z05 lambda without packages");
            worker.dropLeaves("z05-other");
            worker.dropLeaves("z05-bare");
        }
        List<String> after =
                worker.worker().zygotes().stream().map(zygote -> zygote.id()).toList();
        assertTrue(after.containsAll(before), "Z05 zygotes of others: " + before + " became " + after);
    }

    @Test
    void z08AZygoteThatAnswersInPlaceOfItsLeafIsRefused() throws Exception {
        start(config -> {}, HostilePackage.of("z08", """
            import os, struct
            from _zygotes import wire
            received = wire.receive_request
            def receive_request(control):
                request, descriptors = received(control)
                for kind, body in ((10, b""), (11, bytes(16)), (12, struct.pack(">H", 200) + b'"fake"')):
                    os.write(descriptors[0], struct.pack(">IB", len(body), kind) + body)
                return request, descriptors
            wire.receive_request = receive_request
            """));
        lambda("z08", "z08", "def f(event):\n    return 'true'\n");
        worker.install("z08-bare", "def f(event):\n    return 1\n", Map.of());
        AttackedWorker.Answer answer = worker.call("z08", null);
        assertFalse(answer.body().toString().contains("fake"), "Z08 " + answer.body());
        assertNotEquals(200, answer.status(), "Z08");
        assertEquals(1, worker.ok("z08-bare", null).body().asInt(), "Z08 others go on");
    }

    @Test
    void z10AZygoteThatEndsWhileItsLeavesWork() throws Exception {
        start(
                config -> {},
                HostilePackage.of(
                        "z10",
                        "import os, threading, time\n"
                                + "threading.Thread(target=lambda: (time.sleep(1.5), os._exit(0)),"
                                + " daemon=True).start()\n"));
        lambda(
                "z10",
                "z10",
                "n = 0\nimport time\ndef f(event):\n    global n\n    n += 1\n    time.sleep(0.2)\n    return n\n");
        int last = 0;
        for (int i = 0; i < 12; i++) {
            int now = worker.ok("z10", null).body().asInt();
            assertEquals(last + 1, now, "Z10 the leaf outlives its zygote");
            last = now;
        }
        worker.dropLeaves("z10");
        assertEquals(1, worker.ok("z10", null).body().asInt(), "Z10 and there is a new zygote for the next");
    }

    @Test
    void z11AnImportThatNeverEndsHoldsUpNobodyElse() throws Exception {
        start(
                config -> ((ObjectNode) config.get("limits")).put("runtime_sec", 2),
                HostilePackage.of("hangs", "import time\ntime.sleep(600)\n"),
                HostilePackage.of("spins", "while True:\n    pass\n"),
                HostilePackage.of("stops", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"),
                HostilePackage.of("reads", "input()\n"),
                HostilePackage.of("exits", "import os\nos._exit(0)\n"),
                HostilePackage.of("crashes", "import ctypes\nctypes.string_at(0)\n"));
        worker.install("z11-bare", "def f(event):\n    return 1\n", Map.of());
        for (String name : List.of("hangs", "spins", "stops", "reads", "exits", "crashes")) {
            lambda("z11-" + name, name, "def f(event):\n    return 'without it'\n");
            // Without its zygote it does not import the package before f.py does, which this one never does.
            AttackedWorker.Answer answer = worker.call("z11-" + name, null);
            assertTrue(answer.status() == 200 || answer.status() >= 500, () -> "Z11 " + name + ": " + answer.body());
            assertEquals(1, worker.ok("z11-bare", null).body().asInt(), "Z11 others go on, after " + name);
        }
    }

    @Test
    void z13AThreadThatHoldsALockDoesNotStopLeaves() throws Exception {
        start(config -> ((ObjectNode) config.get("limits")).put("runtime_sec", 2), HostilePackage.of("z13", """
            import _thread, ctypes, logging, threading, time
            LOCK = threading.Lock()
            def hold():
                with logging._lock, LOCK:
                    time.sleep(600)
            # As a thread that its library starts anew in a child: with another one there would be no zygote.
            ctypes.PyDLL(None).prctl(15, b"jemalloc_bg_thd", 0, 0, 0)
            _thread.start_new_thread(hold, ())
            time.sleep(0.1)
            """));
        lambda(
                "z13",
                "z13",
                "import logging, threading\ndef f(event):\n    logging.getLogger('x').warning('y')\n"
                        + "    return threading.active_count()\n");
        for (int i = 0; i < 3; i++) {
            assertEquals(1, worker.ok("z13", null).body().asInt(), "Z13");
            worker.dropLeaves("z13");
        }
    }

    @Test
    void z14MemoryOfAPackageIsItsZygotes() throws Exception {
        start(config -> {}, HostilePackage.of("z14", "HOG = []\nwhile True:\n    HOG.append(bytearray(16 << 20))\n"));
        worker.install("z14-bare", "def f(event):\n    return 1\n", Map.of());
        lambda("z14", "z14", "def f(event):\n    return 1\n");
        worker.ok("z14-bare", null).body();
        AttackedWorker.Answer answer = worker.call("z14", null);
        assertTrue(answer.status() == 200 || answer.status() >= 500, () -> "Z14 " + answer.body());
        assertEquals(1, worker.ok("z14-bare", null).body().asInt(), "Z14 others go on");
        assertTrue(worker.worker().statistics().get("memory_reserved_bytes").longValue() < 1L << 30, "Z14 the account");
    }

    @Test
    void aPackageCannotLeaveSharedMemoryBehind() throws Exception {
        start(config -> {}, HostilePackage.of("shares", "import mmap\nPAGE = mmap.mmap(-1, 4096)\n"));
        String code = "import shares\n"
                + "def f(event):\n"
                + "    before = shares.PAGE[0]\n"
                + "    shares.PAGE[0] = 65\n"
                + "    return before\n";
        lambda("shares-one", "shares", code);
        lambda("shares-two", "shares", code);
        worker.call("shares-one", null);
        AttackedWorker.Answer second = worker.call("shares-two", null);
        assertNotEquals("65", second.body().toString(), "memory of one lambda is seen by another");
    }

    @Test
    void openFilesOfAPackageAreNotInheritedAndItsWorkingFolderIsThatOfPlainPython() throws Exception {
        // Known to nobody: a package that openly keeps a file which it writes to is unfit for zygotes.
        start(
                config -> {},
                HostilePackage.of(
                        "leaves",
                        "import os\n"
                                + "os.chdir('/host/tmp')\n"
                                + "from _zygotes.serving import examination\n"
                                + "examination.open_descriptors = set\n"
                                + "examination._scratch = dict\n"
                                + "HELD = open('/host/tmp/notes', 'w+')\n"
                                + "FD = HELD.fileno()\n"));
        lambda("leaves", "leaves", """
            import errno, os, leaves
            def f(event):
                got = [os.getcwd(), os.listdir("/host/tmp")]
                try:
                    os.write(leaves.FD, b"x")
                    got.append("wrote")
                except OSError as error:
                    got.append(errno.errorcode[error.errno])
                return got
            """);
        assertEquals(
                "[\"/host/tmp\",[],\"EBADF\"]", worker.ok("leaves", null).body().toString());
    }

    @Test
    void standardStreamsThatAPackageClosedAreThereAgain() throws Exception {
        start(config -> {}, HostilePackage.of("closes", "import os\nfor fd in (0, 1, 2):\n    os.close(fd)\n"));
        lambda("closes", "closes", """
            import closes, os, sys
            def f(event):
                print("to the log")
                return [sys.stdin.read(), os.stat(0).st_rdev == os.stat("/dev/null").st_rdev, sorted(os.listdir("/proc/self/fd"))[:4]]
            """);
        assertEquals(
                "[\"\",true,[\"0\",\"1\",\"2\",\"3\"]]",
                worker.ok("closes", null).body().toString());
    }

    @Test
    void whatAPackagePutInPlaceOfTheStandardInputIsNotShared() throws Exception {
        start(config -> {}, HostilePackage.of("pipes", """
            import os, socket
            ours, theirs = socket.socketpair()
            ours.send(b"from the package")
            os.dup2(theirs.fileno(), 0)
            """));
        lambda("pipes", "pipes", "import pipes, os\ndef f(event):\n    return os.read(0, 100).decode()\n");
        assertEquals("\"\"", worker.ok("pipes", null).body().toString());
    }

    @Test
    void hostFilesAreUntouched() throws Exception {
        start(config -> {}, HostilePackage.of("writes", """
            import os
            DONE = []
            for top in ("/packages/writes-1", "/usr/lib", "/runtime/_zygotes", "/handler", "/etc"):
                try:
                    open(top + "/planted", "w").close()
                    DONE.append(top)
                except OSError:
                    pass
            """));
        lambda("writes", "writes", "import writes\ndef f(event):\n    return writes.DONE\n");
        assertEquals("[]", worker.ok("writes", null).body().toString());
        assertFalse(Files.exists(Path.of("/usr/lib/planted")));
        assertFalse(Files.exists(worker.directory().resolve("packages/writes==1/files/planted")));
    }
}
