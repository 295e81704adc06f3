package io.zygotes.core.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterpreterTest {

    @TempDir
    Path folder;

    private Path runs() {
        return folder.resolve("runs");
    }

    private Interpreter writingDownEachRun(String script) throws IOException {
        Path file = Files.writeString(
                folder.resolve("python"), "#!/bin/sh\necho run >> '" + runs() + "'\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Interpreter(file.toString());
    }

    @Test
    void whatWasAskedAheadIsAskedOnce() throws Exception {
        Interpreter interpreter = writingDownEachRun("exec python3 \"$@\"");

        interpreter.ask();
        interpreter.probe();
        interpreter.probe();

        assertEquals(
                HostPython.probe("python3").executable(), interpreter.host().executable());
        assertEquals(List.of("run"), Files.readAllLines(runs()));
    }

    @Test
    void whatWasNotAskedAheadIsAskedWhenItIsWanted() throws Exception {
        Interpreter interpreter = writingDownEachRun("exec python3 \"$@\"");
        assertThrows(IllegalStateException.class, interpreter::host);

        interpreter.probe();

        assertEquals(List.of("run"), Files.readAllLines(runs()));
        assertEquals(folder.resolve("python").toString(), interpreter.host().command());
    }

    @Test
    void whatIsWrongWithItIsToldToWhoeverWantsIt() throws Exception {
        Interpreter interpreter = writingDownEachRun("exit 3");

        interpreter.ask();

        assertThrows(PythonException.class, interpreter::probe);
        assertThrows(IllegalStateException.class, interpreter::host);
    }
}
