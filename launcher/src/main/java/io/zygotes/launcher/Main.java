package io.zygotes.launcher;

import io.zygotes.launcher.cli.Zygotes;
import io.zygotes.launcher.console.Logs;
import io.zygotes.launcher.measure.MeasuringCommands;
import java.io.PrintWriter;
import java.util.Arrays;

/** The program {@code zygotes}. */
public final class Main {

    private Main() {}

    /**
     * Runs one command and ends the process with its exit code: 0 done, 1 failed, 2 wrong usage.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        // Before anything logs.
        Logs.install();
        PrintWriter out = new PrintWriter(System.out, true);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = Zygotes.run(out, err, MeasuringCommands.ALL, args);
        if (code != 0 || hasThreads()) {
            System.exit(code);
        }
        // Here the process ends at once. An exit waits 300 ms for a thread that is in a system call, such as the one
        // that waits for the end of a worker which this process started and leaves running.
    }

    /** Whether there is another thread than this one for which the JVM would wait. */
    private static boolean hasThreads() {
        Thread[] threads = new Thread[Thread.activeCount() + 1];
        int count = Thread.enumerate(threads);
        return count == threads.length
                || Arrays.stream(threads, 0, count)
                        .anyMatch(thread -> thread != Thread.currentThread() && !thread.isDaemon());
    }
}
