package io.zygotes.launcher;

import io.zygotes.launcher.cli.Zygotes;
import io.zygotes.launcher.console.Logs;
import io.zygotes.launcher.measure.MeasuringCommands;
import java.io.PrintWriter;

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
        System.exit(Zygotes.run(out, err, MeasuringCommands.ALL, args));
    }
}
