package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs Python code that uses the modules of the runtime outside of any sandbox. */
final class RuntimeProgram {

    private RuntimeProgram() {}

    /**
     * Runs it in an interpreter of its own, and requires that it works.
     *
     * @param environment variables beside those of this process
     * @param arguments what the program finds in {@code sys.argv}, from 1 on
     * @return what it printed
     */
    static byte[] run(PythonRuntime python, String program, Map<String, String> environment, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(
                python.executable(),
                "-s",
                "-S",
                "-B",
                "-c",
                "import sys\nsys.path.append('" + python.folder() + "')\n" + program));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        Process process = builder.start();
        byte[] printed = process.getInputStream().readAllBytes();
        assertEquals(0, process.waitFor());
        return printed;
    }
}
