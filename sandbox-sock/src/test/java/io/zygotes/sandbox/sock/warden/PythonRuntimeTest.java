package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.SandboxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which interpreters are taken. */
class PythonRuntimeTest {

    /**
     * Runs the text that it is given after -c with this in front, as if the interpreter were another one.
     * musl's confstr(3) knows no version of glibc and fails with EINVAL.
     */
    private static final String OTHER = """
        #!/bin/sh
        exec python3 -I -S -c 'import errno, os, sys, sysconfig
        %s
        exec(sys.argv[1])' "$4"
        """;

    private static final String NO_GLIBC = """
        def refuse(name): raise OSError(errno.EINVAL, "Invalid argument")
        os.confstr = refuse
        """;

    @TempDir
    private Path folder;

    private String python(String before) throws Exception {
        Path program = Files.writeString(folder.resolve("python"), OTHER.formatted(before));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return program.toString();
    }

    private PythonRuntime prepare(String python) throws Exception {
        return PythonRuntime.prepare(python, Optional.empty(), folder);
    }

    private String refusal(String before) {
        return assertThrows(SandboxException.class, () -> prepare(python(before)))
                .getMessage();
    }

    @Test
    void anInterpreterOnGlibcIsTaken() throws Exception {
        assertEquals(prepare("python3").executable(), prepare(python("")).executable());
    }

    @Test
    void anInterpreterOnMuslIsRefusedInASentenceThatSaysWhatToDo() {
        String musl = refusal(
                NO_GLIBC + "sysconfig.get_config_var = {\"HOST_GNU_TYPE\": \"x86_64-alpine-linux-musl\"}.get\n");
        assertTrue(musl.contains("uses the C library musl") && musl.contains("\"python\" in config.json"), musl);
        String unknown = refusal(NO_GLIBC);
        assertTrue(unknown.contains("another C library than glibc"), unknown);
    }

    @Test
    void anOldInterpreterIsRefused() {
        String old = refusal("sys.version_info = (3, 8, 20, \"final\", 0)\n");
        assertTrue(old.contains("is Python 3.8") && old.contains("3.9 or later"), old);
    }
}
