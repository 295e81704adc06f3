package io.zygotes.sandbox.sock.launch;

import java.util.HashMap;
import java.util.Map;

/** The environment of what runs in a sandbox. */
final class SandboxEnvironment {

    private static final Map<String, String> USUAL =
            Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "LANG", "C.UTF-8", "HOME", "/tmp", "USER", "lambda");

    private SandboxEnvironment() {}

    /** All of it: what every sandbox has, and its own variables, which may replace these. */
    static Map<String, String> with(Map<String, String> own) {
        Map<String, String> all = new HashMap<>(USUAL);
        all.putAll(own);
        return all;
    }
}
