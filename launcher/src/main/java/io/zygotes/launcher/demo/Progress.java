package io.zygotes.launcher.demo;

import java.io.PrintWriter;

/** One line for each long step, with the seconds since the start. */
final class Progress {

    private final PrintWriter err;
    private final long start = System.nanoTime();

    Progress(PrintWriter err) {
        this.err = err;
    }

    void say(String step) {
        err.printf("[%5.1f s] %s%n", (System.nanoTime() - start) / 1e9, step);
        err.flush();
    }
}
