package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a zygote finds out about itself after its imports, in a process that is no sandbox. */
class ExaminationTest {

    private static final String AROUND = """
        import json, os, sys
        from _zygotes.serving import examination, fork_trial
        from _zygotes.work import inheritance
        examination.PATH_HOST = "/no/such/folder"
        fork_trial._SECONDS = 0.3
        with examination.Examination() as found:
            kept = []
        %s
            found.after("it==1")
        """;

    @TempDir
    private Path folder;

    private JsonNode run(String imports, String then) throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        String program = AROUND.formatted(imports.indent(4)) + then;
        return new ObjectMapper().readTree(RuntimeProgram.run(python, program, Map.of()));
    }

    private String reason(String imports) throws Exception {
        return run(imports, "print(json.dumps(found.unfit))\n").path("it==1").asText();
    }

    @Test
    void whatAForkDoesNotCarryOverMakesAPackageUnfit() throws Exception {
        assertEquals("", reason("kept.append(object())"));
        assertTrue(reason("import socket\nkept.append(socket.socket())").contains("a socket"));
        assertTrue(reason("import select\nkept.append(select.epoll())").contains("eventpoll"));
        assertTrue(reason("kept.append(os.pipe())").contains("a pipe"));
        assertTrue(
                reason("import tempfile\nkept.append(tempfile.TemporaryFile())").contains("for writing"));
        assertTrue(reason("""
            import threading, time
            threading.Thread(target=time.sleep, args=(9,), name='other', daemon=True).start()
            """).contains("other"));
        assertTrue(reason("import subprocess\nkept.append(subprocess.Popen(['true']))")
                .contains("process"));
        assertEquals("", reason("import subprocess\nsubprocess.run(['true'])"));
        assertTrue(reason("import signal\nsignal.setitimer(signal.ITIMER_REAL, 100)")
                .contains("timer"));
    }

    /** polars, rayon and others wait for ever for threads that only C knows. */
    @Test
    void threadsThatPythonDoesNotKnowMakeAPackageUnfit() throws Exception {
        String start = """
            import ctypes, time
            c = ctypes.CDLL(None)
            class Event(ctypes.Structure):
                _fields_ = [("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("notify", ctypes.c_int),
                            ("function", ctypes.c_void_p), ("rest", ctypes.c_char * 48)]
            event = Event(notify=2, function=ctypes.cast(c.getpid, ctypes.c_void_p).value)  # SIGEV_THREAD
            timer = ctypes.c_void_p()
            assert c.timer_create(1, ctypes.byref(event), ctypes.byref(timer)) == 0
            """;
        assertTrue(reason(start).startsWith("it starts threads ("), "glibc starts one for such a timer");
    }

    /** A zygote would hang at its first fork, or each leaf before its first call. */
    @Test
    void forkHandlersThatWaitForALockWhichIsHeldMakeAPackageUnfit() throws Exception {
        String held = "import threading\nkept += [threading.Lock(), threading.RLock()]\n"
                + "kept[0].acquire()\nkept[1].acquire()\n";
        assertEquals("", reason(held), "as it is in plain Python");
        assertEquals("", reason(held + "os.register_at_fork(before=kept[1].acquire)"), "it is this thread's");
        assertTrue(reason(held + "os.register_at_fork(before=kept[0].acquire)").endsWith("waits for ever"));
        assertTrue(reason(held + "os.register_at_fork(after_in_child=kept[0].acquire)")
                .endsWith("waits for ever"));
        assertTrue(reason("os.register_at_fork(after_in_child=lambda: 1 / 0)").endsWith("fails"));
        assertTrue(reason("os.register_at_fork(before=lambda: 1 / 0)").endsWith("fails"));
    }

    @Test
    void nothingOfTheTrialOfForksIsLeft() throws Exception {
        JsonNode answer =
                run("import signal\nkept.append(os.register_at_fork)\nos.register_at_fork(before=lambda: None)", """
                    import posix
                    print(json.dumps([found.unfit, os.register_at_fork is posix.register_at_fork,
                        signal.getsignal(signal.SIGALRM) == signal.SIG_DFL, signal.getitimer(signal.ITIMER_REAL)[0],
                        sys.unraisablehook is sys.__unraisablehook__]))
                    """);
        assertEquals("[{},true,true,0.0,true]", answer.toString());
    }

    @Test
    void aFileThatIsLockedMakesAPackageUnfit() throws Exception {
        assertTrue(reason("""
            import atexit, fcntl, tempfile
            made, path = tempfile.mkstemp()
            os.close(made)
            atexit.register(os.remove, path)
            kept.append(open(path))
            fcntl.flock(kept[0], fcntl.LOCK_EX)
            """).endsWith(" locked"));
    }

    /** send2trash, say, names a folder after it. */
    @Test
    void aPackageThatKeepsItsUserIdIsUnfit() throws Exception {
        assertTrue(reason("exec('import os\\nUID = os.getuid()', {})").contains("user id"));
        assertEquals("", reason("exec('import os\\nROOT = os.geteuid() == 7', {})"));
        assertEquals(
                "true",
                run("pass", "import posix\nprint(json.dumps(os.getuid is posix.getuid))\n")
                        .toString());
    }

    @Test
    void aWorkingDirectoryThatAPackageChangedIsThatOfAChild() throws Exception {
        JsonNode answer = run("os.chdir('/usr')", """
            os.chdir("/")
            inheritance.restore()
            print(json.dumps(os.getcwd()))
            """);
        assertEquals("\"/usr\"", answer.toString());
    }

    @Test
    void numpysOlderGeneratorsAreSeededAnewButForThoseWithASeed() throws Exception {
        // As numpy has them; it is not on every machine that runs this.
        String numpy = """
            import sys, types
            class MT19937:
                made = []
                def __init__(self, entropy=1 << 100):
                    self._seed_seq = entropy and types.SimpleNamespace(entropy=entropy)
                    self.made.append(self)
                    self.state = len(self.made)
            class RandomState:
                def __init__(self, bits):
                    self._bit_generator, self.gauss = bits, 7
                def get_state(self, legacy=True):
                    return {"has_gauss": 1, "gauss": self.gauss}
                def set_state(self, state):
                    self.gauss = state["gauss"]
            module, inner = types.ModuleType("numpy.random"), types.ModuleType("numpy.random.mtrand")
            module.RandomState, module.Generator = RandomState, type("Generator", (), {})
            inner._rand = RandomState(MT19937())
            sys.modules["numpy.random"], sys.modules["numpy.random.mtrand"] = module, inner
            kept += [RandomState(MT19937()), RandomState(MT19937(None)), inner._rand]
            """;
        JsonNode answer = run(numpy, """
            before = [each._bit_generator.state for each in kept]
            inheritance.restore()
            print(json.dumps([[each._bit_generator.state != state, each.gauss] for each, state in zip(kept, before)]))
            """);
        assertEquals("[[true,0.0],[false,7],[false,7]]", answer.toString());
    }

    /** pyproj keeps its SQLite file so (geopandas and others need it). */
    @Test
    void aFileThatIsOnlyReadIsOpenedAnewUnderTheSameNumber() throws Exception {
        JsonNode answer = run("kept.append(open('/etc/passwd', 'rb', 0))\nkept[0].read(3)", """
            number = kept[0].fileno()
            os.close(number)
            inheritance.restore()
            print(json.dumps([found.unfit, number >= 32, os.lseek(number, 0, os.SEEK_CUR), os.get_inheritable(number)]))
            """);
        assertEquals("[{},true,3,false]", answer.toString());
    }

    /** joke2k/faker issue 1765: each fork invented the same people. */
    @Test
    void generatorsThatAPackageMadeAreSeededAnewButForThoseWithASeedOfItsOwn() throws Exception {
        JsonNode answer =
                run("import random\nkept += [random.Random(), random.Random(42), random.SystemRandom()]", """
                    before = [generator.getstate() for generator in kept[:2]]
                    inheritance.restore()
                    print(json.dumps([generator.getstate() != state for generator, state in zip(kept, before)]))
                    """);
        assertEquals("[true,false]", answer.toString());
    }

    /** In plain Python the numbers that follow are the same each time. */
    @Test
    void whatAPackageSeedsForAllIsNotSeededAnew() throws Exception {
        JsonNode answer = run("import random\nfrom random import seed\nseed(42)\nrandom.random()", """
            import random
            expected = random.Random(42)
            expected.random()
            random._inst.seed()  # as Python does in a child
            inheritance.restore()
            print(json.dumps([random.random() == expected.random(), random.seed.__func__ is random.Random.seed]))
            """);
        assertEquals("[true,true]", answer.toString());
        for (String anew : List.of("random.random()", "random.seed()", "import time\nrandom.seed(time.time())")) {
            assertEquals(
                    "0",
                    run("import random\n" + anew, "print(len(inheritance.restorers))\n")
                            .toString(),
                    anew);
        }
    }

    /** importlib_metadata has proxies that import a module when they are asked what they are; Django's are others. */
    @Test
    void lazyObjectsAreNotAskedWhatTheyAre() throws Exception {
        JsonNode answer = run("""
            class Lazy:
                asked = 0
                @property
                def __class__(self):
                    Lazy.asked += 1
                    return object
            kept.append(Lazy())
            """, """
            print(json.dumps(type(kept[0]).asked))
            """);
        assertEquals("0", answer.toString());
    }

    @Test
    void variablesThatArePartOfAnImportAreKnown() throws Exception {
        JsonNode answer = run("""
            os.environ.get("ASKED_FOR")
            "LOOKED_AT" in os.environ
            os.environ["SET"] = "1"
            """, """
            print(json.dumps([sorted(found.asked & {"ASKED_FOR", "LOOKED_AT", "*"}), inheritance.whole({"A": "b"}),
                type(os.environ._data).__name__]))
            """);
        assertEquals("[[\"ASKED_FOR\",\"LOOKED_AT\"],{\"A\":\"b\",\"SET\":\"1\"},\"dict\"]", answer.toString());
        assertEquals(
                "true",
                run("dict(os.environ)", "print(json.dumps('*' in found.asked))\n")
                        .toString());
    }

    @Test
    void memoryThatAPackageSharesIsSharedWithChildrenOfAChild() throws Exception {
        JsonNode answer = run("import mmap\nkept.append(mmap.mmap(-1, 4096))\nkept[0][:2] = b'ab'", """
            from _zygotes.memory import mappings
            inheritance.remember_shared(mappings.make_private())
            inheritance.restore()
            pid = os.fork()
            if pid == 0:
                kept[0][1:3] = b'cd'
                os._exit(0)
            os.waitpid(pid, 0)
            print(json.dumps(kept[0][:3].decode()))
            """);
        assertEquals("\"acd\"", answer.toString());
    }
}
