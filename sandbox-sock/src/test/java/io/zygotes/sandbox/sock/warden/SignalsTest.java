package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of signals that whoever started the worker ignores: {@code endings.py}. */
class SignalsTest {

    @TempDir
    private Path folder;

    @Test
    void whatTheWorkersShellIgnoresIsNotIgnoredInSandboxes() throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        byte[] found = RuntimeProgram.run(python, """
            import signal
            from _zygotes.linux.endings import restore_signals
            names = "SIGINT", "SIGQUIT", "SIGHUP", "SIGRTMIN"
            numbers = [getattr(signal, name) for name in names]
            for number in numbers:
                signal.signal(number, signal.SIG_IGN)
            restore_signals()
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            assert all(signal.getsignal(number) is signal.SIG_DFL for number in numbers[1:])
            with open("/proc/self/status") as file:
                ignored = next(int(line.split()[1], 16) for line in file if line.startswith("SigIgn"))
            of_python = {signal.SIGPIPE, signal.SIGXFSZ}
            print({number for number in range(1, 65) if ignored >> number - 1 & 1} - of_python)
            """, Map.of());
        assertEquals("set()\n", new String(found, StandardCharsets.UTF_8));
    }
}
