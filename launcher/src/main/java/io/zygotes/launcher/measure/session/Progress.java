package io.zygotes.launcher.measure.session;

import java.io.PrintWriter;

/** One line for each long step, with the seconds since the start. */
public final class Progress {

    private final PrintWriter err;
    private final long start = System.nanoTime();

    /** @param err gets the lines */
    public Progress(PrintWriter err) {
        this.err = err;
    }

    /** Says what is done now. */
    public void say(String step) {
        err.printf("[%5.1f s] %s%n", (System.nanoTime() - start) / 1e9, step);
        err.flush();
    }
}
