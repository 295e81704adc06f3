package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** System calls in a row: {@code calls.py}, by Python and by machine code. */
class CallsTest {

    private static final String PROGRAM = """
        import os
        from _zygotes.linux import calls
        from _zygotes.linux.calls import Calls, Text, describe, nothing

        def run(pack):
            out, into = os.pipe()
            name = Text(16).set(b"first")
            row = Calls()
            row.add("say", describe("write", "write", into, name.data, name.length), nothing())
            row.add("say more", describe("write more", "write", into, b"-more", 5))
            row.add("fail", describe("no such descriptor", "close", -5), describe("write", "write", into, b"never", 5))
            if pack:
                row.pack()
            row.mute()
            row.run()
            assert row.broken_at is None
            row.unmute()
            name.set(b"second one")
            row.run()
            said = os.read(out, 100)
            try:
                row.check()
            except OSError as error:
                return said, row.broken_at, error.errno, str(error), error.step

        assert run(True) == run(False) == (b"second one-more", 3, 9, run(True)[3], "fail"), (run(True), run(False))
        empty = Calls()
        empty.pack()
        empty.run()
        print(empty.broken_at, calls._run is not None, end="")
        """;

    @TempDir
    private Path folder;

    @Test
    void machineCodeMakesTheSameCallsAndStopsAtTheSameOne() throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        byte[] printed = RuntimeProgram.run(python, PROGRAM, Map.of());
        assertEquals("None True", new String(printed, StandardCharsets.UTF_8));
        printed = RuntimeProgram.run(python, PROGRAM, Map.of("ZYGOTES_TUNING", "no-machine_code"));
        assertEquals("None False", new String(printed, StandardCharsets.UTF_8));
    }
}
