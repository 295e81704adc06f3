package io.zygotes.core.registry;

import java.util.Set;

/**
 * Environment variables that count when a program starts. The Python interpreter of a lambda was started by the worker,
 * so most of them would be there and mean nothing.
 */
final class AtStart {

    /** They lead the interpreter or the loader to other code, before the sandbox is closed. */
    private static final Set<String> REFUSED = Set.of(
            "LD_AUDIT",
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "PYTHONEXECUTABLE",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONPLATLIBDIR",
            "PYTHONSTARTUP");

    private AtStart() {}

    /**
     * Checks that a variable can take effect.
     *
     * @throws IllegalArgumentException if it cannot; the message says what to do
     */
    static void require(String name) {
        if (REFUSED.contains(name)) {
            throw new IllegalArgumentException("environment: " + name
                    + " counts only when a program starts, and the interpreter of a lambda is started before its"
                    + " environment is known. Set it for the programs that the lambda starts, in f.py");
        }
    }
}
