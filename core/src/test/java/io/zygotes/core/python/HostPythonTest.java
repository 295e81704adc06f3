package io.zygotes.core.python;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostPythonTest {

    @TempDir
    Path folder;

    private String interpreter(String script) throws IOException {
        Path file = Files.writeString(folder.resolve("python"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file.toString();
    }

    private static String refused(String command) {
        return assertThrows(PythonException.class, () -> HostPython.probe(command))
                .getMessage();
    }

    @Test
    void asksTheInterpreterWhatItIs() throws Exception {
        HostPython python = HostPython.probe("python3");

        assertTrue(python.version().startsWith("3."), python.version());
        assertTrue(python.version().startsWith(python.markers().get("python_version") + "."), python.toString());
        assertEquals("linux", python.markers().get("sys_platform"));
        assertTrue(python.cacheTag().startsWith("cpython-3"), python.cacheTag());
    }

    @Test
    void knowsTheInterpreterBehindAWrapper() throws Exception {
        String real = HostPython.probe("python3").executable();

        String found =
                HostPython.probe(interpreter("exec '" + real + "' \"$@\"")).executable();

        assertEquals(real, found);
        assertTrue(Files.isExecutable(Path.of(real)), real);
        assertEquals(Path.of(real).toRealPath(), Path.of(real));
    }

    @Test
    void saysWhatToDoWhenThereIsNone() {
        String message = refused(folder.resolve("none").toString());

        assertTrue(message.contains("install Python 3"), message);
    }

    @Test
    void saysWhatToDoWhenItIsTooOld() throws Exception {
        String message = refused(interpreter("echo '{\"version\": [3, 8, 10], \"cache_tag\": \"cpython-38\"}'"));

        assertTrue(message.contains("is Python 3.8.10, but Python 3.9"), message);
    }

    @Test
    void saysWhenItIsNoPythonAtAll() throws Exception {
        assertTrue(refused(interpreter("echo hello")).contains("does not answer like Python 3"));
        assertTrue(refused(interpreter("echo broken; exit 3")).contains("exit code 3: broken"));
    }
}
