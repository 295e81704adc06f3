package io.zygotes.core.python;

import java.util.Objects;

/**
 * The interpreter of one worker: it has a name from the beginning, and is known once it was probed, which is a step of
 * the worker's start. Safe for use by many threads.
 */
public final class Interpreter {

    private final String command;
    private volatile HostPython host;

    /** @param command its name or path, {@code python} in {@code config.json} */
    public Interpreter(String command) {
        this.command = Objects.requireNonNull(command);
    }

    /**
     * Asks the interpreter what it is.
     *
     * @throws PythonException as {@link HostPython#probe}
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void probe() throws PythonException, InterruptedException {
        host = HostPython.probe(command);
    }

    /**
     * What it is.
     *
     * @throws IllegalStateException if it was not probed yet
     */
    public HostPython host() {
        HostPython probed = host;
        if (probed == null) {
            throw new IllegalStateException("the interpreter '" + command + "' was not probed yet");
        }
        return probed;
    }
}
