package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lambdas that abuse their channel to the worker, and ends that take long: attacks that are on no list. */
class MisbehaviourIT extends WithSharedWorker {

    private static final String LIMITS =
            "limits: {mem_mb: 128, procs: 24, open_files: 256, tmp_mb: 8, runtime_sec: 3}\n";

    /** Frames as the runtime writes them: length, kind, body. */
    private static final String FRAMES = """
        import os, socket, struct, sys, threading, time
        READY, REPLY, FAILED, HELLO = 11, 12, 13, 10
        def frame(kind, body):
            return struct.pack(">IB", len(body), kind) + body
        def reply(body, status=200):
            return frame(REPLY, struct.pack(">H", status) + body)
        said = []
        def say(data):
            # A leaf says that it is ready with its first answer, unless the call came late.
            serving = sys._getframe()
            while serving.f_code.co_name != "serve":
                serving = serving.f_back
            is_known = said or serving.f_locals["imported"] is None
            os.write(3, data if is_known else frame(READY, bytes(16)) + data)
            said.append(data)
        """;

    private AttackedWorker.Answer call(String code) throws Exception {
        worker.install(lambda, FRAMES + code, Map.of("ol.yaml", LIMITS));
        AttackedWorker.Answer answer = worker.call(lambda, null);
        assertPeerIsWell();
        return answer;
    }

    @AlsoOnPureCgroup2
    @Test
    void aLeafThatAnswersTwiceDoesNotAnswerTheNextCallWithThat() throws Exception {
        worker.install(
                lambda,
                FRAMES + "def f(event):\n    say(reply(b'%d' % event) + reply(b'%d' % -event))\n    time.sleep(60)\n",
                Map.of("ol.yaml", LIMITS));
        for (int i = 1; i <= 5; i++) {
            AttackedWorker.Answer answer = worker.call(lambda, i);
            assertEquals(200, answer.status());
            assertEquals(i, Math.abs(answer.body().asInt()), "the answer to another call");
            Thread.sleep(20);
        }
        assertPeerIsWell();
    }

    @Test
    void aLeafThatAnswersBeforeItIsAskedDoesNotAnswerTheNextCallWithThat() throws Exception {
        worker.install(
                lambda,
                FRAMES
                        + "import random\n"
                        + "os.write(3, frame(READY, bytes(16)) + reply(b'0'))\n"
                        + "def f(event):\n"
                        + "    return event\n",
                Map.of("ol.yaml", LIMITS));
        worker.call(lambda, 1);
        for (int i = 1; i <= 3; i++) {
            AttackedWorker.Answer answer = worker.call(lambda, i);
            assertTrue(
                    answer.status() != 200
                            || answer.body().asInt() == i
                            || answer.body().asInt() == 0,
                    () -> answer.body().toString());
        }
        assertPeerIsWell();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 99, 100, 101, 199, 201, 204, 304, 407, 600, 65535})
    void aStatusThatIsNoneIsNotPassedOn(int status) throws Exception {
        AttackedWorker.Answer answer =
                call("def f(event):\n    say(reply(b'1', " + status + "))\n    time.sleep(60)\n");
        assertEquals(502, answer.status());
        assertTrue(
                answer.body().toString().contains("status " + status),
                answer.body().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "frame(99, b'')",
                "frame(REPLY, b'')",
                "frame(REPLY, b'x')",
                "frame(HELLO, b'')",
                "frame(READY, bytes(16))",
                "frame(FAILED, b'{}')",
                "b'GET / HTTP/1.1\\r\\n\\r\\n'",
                "b'\\xff' * 64",
                "struct.pack('>IB', (16 << 20) + 1, REPLY)",
                "struct.pack('>IB', 0xffffffff, REPLY)"
            })
    void aFrameThatIsNoAnswerEndsTheLeaf(String frame) throws Exception {
        AttackedWorker.Answer answer = call("def f(event):\n    say(" + frame + ")\n    time.sleep(60)\n");
        assertEquals(502, answer.status(), () -> answer.body().toString());
        assertTrue(worker.worker().leaves(lambda).stream().noneMatch(leaf -> leaf.alive()), "it lives");
    }

    @Test
    void anAnswerThatNeverEndsEndsWithTheDeadlineAndTakesNoMemoryBefore() throws Exception {
        System.gc();
        long before = used();
        AttackedWorker.Answer answer =
                call("def f(event):\n    say(struct.pack('>IB', 16 << 20, REPLY) + b'x')\n    time.sleep(60)\n");
        assertEquals(504, answer.status(), () -> answer.body().toString());
        long grown = used() - before;
        assertTrue(grown < 12 << 20, () -> "the heap grew by " + grown);
    }

    private static long used() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void anAnswerThatIsTooLongIsSaidToBe() throws Exception {
        AttackedWorker.Answer answer = call("def f(event):\n    return 'x' * (17 << 20)\n");
        assertEquals(500, answer.status());
        assertTrue(
                answer.body().toString().contains("17825794 bytes of JSON"),
                answer.body().toString());
        assertEquals(
                (16 << 20) - 4,
                call("def f(event):\n    return 'x' * ((16 << 20) - 4)\n")
                        .body()
                        .asText()
                        .length());
    }

    @Test
    void aFloodOnTheChannelEndsTheLeaf() throws Exception {
        AttackedWorker.Answer answer = call("""
            def flood():
                while True:
                    os.write(3, bytes(65536))
            def f(event):
                for _ in range(4):
                    threading.Thread(target=flood, daemon=True).start()
                time.sleep(60)
            """);
        assertEquals(502, answer.status(), () -> answer.body().toString());
    }

    @Test
    void openFilesAreNotTaken() throws Exception {
        long before = Processes.openFiles();
        AttackedWorker.Answer answer = call("""
            import array, errno
            def f(event):
                with socket.socket() as listener:
                    listener.bind(("127.0.0.1", 0))
                    listener.listen()
                    sent = socket.create_connection(listener.getsockname())
                    # Whoever closes the last copy waits for as long as that, if nobody reads.
                    sent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 600))
                    sent.setblocking(False)
                    try:
                        while True:
                            sent.send(bytes(65536))
                    except BlockingIOError:
                        pass
                    channel = socket.socket(fileno=os.dup(3))
                    try:
                        channel.sendmsg(
                            [frame(READY, bytes(16)) + reply(b'"sent"')],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [sent.fileno()] * 200))])
                    except OSError as error:
                        return errno.errorcode[error.errno]
                    time.sleep(60)
            """);
        // Where the kernel does not refuse it, the worker does.
        assertTrue(
                answer.status() == 502 || answer.body().asText().equals("EPERM"),
                () -> answer.body().toString());
        assertTrue(Processes.openFiles() < before + 60, "they stay open in the worker");
    }

    @AlsoOnPureCgroup2
    @Test
    void whoClosesItsChannelAndGoesOnIsEnded() throws Exception {
        String mark = "zygotes-goes-on-" + ProcessHandle.current().pid();
        AttackedWorker.Answer answer = call("""
            def f(event):
                if os.fork() == 0:
                    os.setsid()
                    os.execv("/usr/bin/env", ["env", "sh", "-c", "sleep 300; : %s"])
                os.close(3)
                while True:
                    time.sleep(1)
            """.formatted(mark));
        assertEquals(502, answer.status(), () -> answer.body().toString());
        Processes.awaitNone(mark);
    }

    @AlsoOnPureCgroup2
    @Test
    void aForkBombEndsWithItsLeaf() throws Exception {
        String mark = "zygotes-bomb-" + ProcessHandle.current().pid();
        AttackedWorker.Answer answer = call("""
            import signal
            def bomb():
                for n in range(1, 32):
                    try:
                        signal.signal(n, signal.SIG_IGN)
                    except (OSError, ValueError):
                        pass
                while True:
                    try:
                        if os.fork() == 0:
                            if os.fork() == 0:
                                os.setsid()
                    except OSError:
                        pass
            def f(event):
                if os.fork() == 0:
                    os.execv("/usr/bin/env", ["env", "sh", "-c", "while :; do (sleep 1; : %s) & done"])
                bomb()
            """.formatted(mark));
        assertEquals(504, answer.status(), () -> answer.body().toString());
        Processes.awaitNone(mark);
        assertPeerIsWell();
    }

    @Test
    void aLeafWhoseProcessesAreStoppedEndsToo() throws Exception {
        String mark = "zygotes-stopped-" + ProcessHandle.current().pid();
        AttackedWorker.Answer answer = call("""
            import signal
            def f(event):
                for _ in range(3):
                    if os.fork() == 0:
                        os.execv("/usr/bin/env", ["env", "sh", "-c", "kill -STOP $$; : %s"])
                os.kill(os.getpid(), signal.SIGSTOP)  # has no effect on the first of a namespace
                time.sleep(60)
            """.formatted(mark));
        assertEquals(504, answer.status(), () -> answer.body().toString());
        Processes.awaitNone(mark);
    }

    @Test
    void endedOrphansFillTheLimitOfTheirOwnLambdaAndNoLongerThanTheCall() throws Exception {
        String code = """
            import errno
            def f(event):
                for n in range(100):
                    try:
                        if os.fork() == 0:
                            try:
                                os.fork()
                            finally:
                                os._exit(0)
                        os.wait()
                    except OSError as error:
                        return [n, errno.errorcode[error.errno]]
                return "no limit"
            """;
        AttackedWorker.Answer answer = call(code);
        assertTrue(
                answer.body().toString().contains("EAGAIN"), () -> answer.body().toString());
        for (int i = 0; i < 3; i++) {
            AttackedWorker.Answer again = worker.call(lambda, null);
            assertEquals("warm", again.start());
            assertTrue(again.body().get(0).asInt() > 5, () -> "they were not let go: " + again.body());
        }
    }

    @Test
    void aLambdaWaitsForItsOwnChildrenAndNobodyElseDoes() throws Exception {
        AttackedWorker.Answer answer = call("""
            import subprocess
            def f(event):
                running = [subprocess.Popen(["/bin/sh", "-c", "exit %d" % n]) for n in range(8)]
                time.sleep(0.2)
                return [one.wait() for one in running]
            """);
        assertEquals("[0,1,2,3,4,5,6,7]", answer.body().toString());
    }

    @Test
    void howAForkEndedIsTheLambdasToAskInALaterCall() throws Exception {
        String code = """
            import pty
            forks = []
            def f(event):
                if event == "start":
                    for n in (3, 4):
                        forks.append(os.fork())
                        if forks[-1] == 0:
                            os._exit(n)
                    forks.append(pty.fork()[0])
                    if forks[-1] == 0:
                        os._exit(5)
                    for one in forks:
                        os.waitid(os.P_PID, one, os.WEXITED | os.WNOWAIT)
                    return "started"
                return [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in forks]
            """;
        worker.install(lambda, "import os\n" + code, Map.of("ol.yaml", LIMITS));
        assertEquals("started", worker.call(lambda, "start").body().asText());
        AttackedWorker.Answer later = worker.call(lambda, "ask");
        assertEquals("[3,4,5]", later.body().toString());
        assertEquals("warm", later.start());
    }

    @Test
    void noSignalIsBlockedOrIgnoredInAProgramThatALambdaStarts() throws Exception {
        AttackedWorker.Answer answer = call("""
            import subprocess
            def f(event):
                text = subprocess.run(["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"], capture_output=True).stdout
                return sorted({line.split()[1] for line in text.decode().splitlines()})
            """);
        assertEquals("[\"0000000000000000\"]", answer.body().toString());
    }

    @Test
    void whatALambdaSaysOfItselfWritesNoHeadersAndNoLinesOfTheWorkersLog() throws Exception {
        worker.install(
                lambda, "raise ValueError('x\\r\\nSet-Cookie: a=b\\r\\n\\r\\n\\x1b[2J')\n", Map.of("ol.yaml", LIMITS));
        AttackedWorker.Answer answer = worker.call(lambda, null);
        assertEquals(500, answer.status());
        String error = answer.body().get("error").asText();
        assertTrue(error.chars().noneMatch(c -> c < ' '), error);
        for (String path : new String[] {"/run/x%0d%0aSet-Cookie:%20a=b", "/run/" + lambda + "%0a", "/run/%00"}) {
            String raw = raw("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            assertTrue(raw.startsWith("HTTP/1.1 4"), raw);
            assertFalse(raw.toLowerCase().contains("\r\nset-cookie"), raw);
        }
    }

    @Test
    void whatALeafSaysOfItsFailureIsShortAndOnOneLine() throws Exception {
        worker.install(lambda, """
            import json, os, struct
            report = json.dumps({"step": "x\\n2026-01-01 SEVERE forged", "error": "y" * 5_000_000}).encode()
            report = struct.pack(">IB", len(report), 13) + report
            while report:
                report = report[os.write(3, report):]
            os._exit(0)
            """, Map.of("ol.yaml", LIMITS));
        AttackedWorker.Answer answer = worker.call(lambda, null);
        assertEquals(500, answer.status());
        String error = answer.body().get("error").asText();
        assertTrue(error.chars().noneMatch(c -> c < ' '), error);
        assertTrue(error.length() < 5000, error.length() + " characters");
    }

    /** Exceptions whose text or traceback is made by code of the lambda, which fails, is without end or huge. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "class X(Exception):\n    def __str__(self): raise KeyboardInterrupt\ndef f(event): raise X",
                "class X(Exception):\n"
                        + "    @property\n"
                        + "    def __traceback__(self): raise SystemExit\n"
                        + "def f(event): raise X",
                "class X(Exception):\n"
                        + "    @property\n"
                        + "    def __notes__(self): raise KeyboardInterrupt\n"
                        + "def f(event): raise X",
                "class M(type):\n    @property\n    def __name__(cls): raise KeyboardInterrupt\n"
                        + "class X(BaseException, metaclass=M): pass\ndef f(event): raise X",
                "class X:\n    def __repr__(self): raise SystemExit\ndef f(event): raise SystemExit(X())",
                "class X(SystemExit):\n"
                        + "    @property\n"
                        + "    def code(self): raise KeyboardInterrupt\n"
                        + "def f(event): raise X",
                "import traceback\ntraceback.format_exception = lambda *all: 5\ndef f(event): raise ValueError",
                "def f(event): raise ValueError('x' * (20 << 20))",
                "def f(event): raise SystemExit('x' * (20 << 20))",
                "def f(event):\n    x = ValueError()\n    x.__notes__ = ['n' * 100] * 200_000\n    raise x",
                "def f(event):\n"
                        + "    a, b = ValueError(), ValueError()\n"
                        + "    a.__cause__, b.__cause__ = b, a\n"
                        + "    raise a",
            })
    void anExceptionThatCannotBeWrittenDownEndsNoLeafAndIsShort(String code) throws Exception {
        AttackedWorker.Answer first = call(code + "\n");
        assertEquals(500, first.status(), () -> first.body().toString());
        assertTrue(first.body().get("error").asText().length() < 70_000);
        assertTrue(first.body().path("traceback").asText().length() < 70_000);
        AttackedWorker.Answer second = worker.call(lambda, null);
        assertEquals(500, second.status());
        assertEquals("warm", second.start(), "the leaf lives");
    }

    @Test
    void anImportThatFailsWithAHugeTextSaysSo() throws Exception {
        AttackedWorker.Answer answer = call("raise ValueError('x' * (20 << 20))\n");
        assertEquals(500, answer.status(), () -> answer.body().toString());
        assertTrue(
                answer.body().get("error").asText().contains("ValueError: xxx"),
                () -> answer.body().toString());
    }

    private String raw(String request) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), worker.port());
                OutputStream out = socket.getOutputStream();
                InputStream in = socket.getInputStream()) {
            out.write(request.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void largeAttributesOfFilesCountAsMemory() throws Exception {
        AttackedWorker.Answer answer = call("""
            import errno
            def f(event):
                total = 0
                try:
                    for n in range(2000):
                        path = "/tmp/f%d" % n
                        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
                        for k in range(8):
                            os.setxattr(path, "user.%d" % k, bytes(60000))
                            total += 60000
                except OSError as error:
                    return [total, errno.errorcode[error.errno]]
                return [total, "no limit"]
            """);
        // tmpfs has such attributes since Linux 6.6, and counts them against its files.
        boolean bounded = answer.status() == 502
                || answer.body().get(0).asLong() < 128 << 20
                        && !answer.body().get(1).asText().equals("no limit");
        assertTrue(bounded, () -> answer.body().toString());
    }
}
