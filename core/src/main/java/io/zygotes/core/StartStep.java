package io.zygotes.core;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;

/**
 * One step of a worker's start.
 *
 * @param what what it starts, for the log
 * @param starter starts it
 */
record StartStep(String what, Starter starter) {

    /** What undoes a step that need not be undone. */
    static final AutoCloseable NOTHING = () -> {};

    /** Starts something. */
    @FunctionalInterface
    interface Starter {

        /**
         * Starts it; after an exception nothing of it is left.
         *
         * @return what undoes it
         */
        AutoCloseable start() throws ConfigException, SandboxException, IOException, InterruptedException;
    }

    /** A step that has nothing to start, because others do: it says when something is to be ended. */
    static StartStep endedBy(String what, AutoCloseable end) {
        return new StartStep(what, () -> end);
    }
}
