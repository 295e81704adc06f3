package io.zygotes.core.python;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The interpreter of one worker: it has a name from the beginning, and is known once it was probed, which is a step of
 * the worker's start. Safe for use by many threads.
 */
public final class Interpreter {

    private static final Logger LOG = System.getLogger(Interpreter.class.getName());

    private final String command;
    private final FutureTask<HostPython> question;
    private volatile HostPython host;

    /** @param command its name or path, {@code python} in {@code config.json} */
    public Interpreter(String command) {
        this.command = Objects.requireNonNull(command);
        question = new FutureTask<>(() -> HostPython.probe(command));
    }

    /** Begins to ask the interpreter what it is, behind the caller's back; {@link #probe} waits for the answer. */
    public void ask() {
        try {
            Thread.ofPlatform().daemon().name("python-probe").start(question);
        } catch (OutOfMemoryError e) {
            // No thread can be had: then whoever wants the answer asks.
            LOG.log(Level.DEBUG, "the interpreter is asked later", e);
        }
    }

    /**
     * Asks the interpreter what it is, if nobody {@link #ask asked} yet, and waits for its answer.
     *
     * @throws PythonException as {@link HostPython#probe}
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void probe() throws PythonException, InterruptedException {
        question.run();
        try {
            host = question.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case PythonException wrong -> throw wrong;
                case InterruptedException interrupted -> throw interrupted;
                case RuntimeException failed -> throw failed;
                case Error failed -> throw failed;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
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
