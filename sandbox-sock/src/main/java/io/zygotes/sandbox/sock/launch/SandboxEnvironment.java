package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.warden.RuntimeFiles;
import java.util.HashMap;
import java.util.Map;

/** The environment of what runs in a sandbox. */
final class SandboxEnvironment {

    /** Programs of packages first, then the interpreter by the names that people know, as in a virtual environment. */
    private static final String PATH =
            String.join(":", Protocol.PATH_PROGRAMS, RuntimeFiles.PATH_PROGRAMS, "/usr/local/bin:/usr/bin:/bin");

    private static final Map<String, String> USUAL =
            Map.of("PATH", PATH, "LANG", "C.UTF-8", "HOME", "/tmp", "USER", "lambda");

    private SandboxEnvironment() {}

    /** All of it: what every sandbox has, and its own variables, which may replace these. */
    static Map<String, String> with(Map<String, String> own) {
        Map<String, String> all = new HashMap<>(USUAL);
        all.putAll(own);
        return all;
    }
}
