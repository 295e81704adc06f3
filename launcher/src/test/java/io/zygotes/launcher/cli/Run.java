package io.zygotes.launcher.cli;

import io.zygotes.launcher.measure.MeasuringCommands;
import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * One command, run in this process.
 *
 * @param exit its exit code
 * @param out what it wrote to its standard output
 * @param err what it wrote to its standard error
 */
record Run(int exit, String out, String err) {

    static Run of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = Zygotes.run(new PrintWriter(out, true), new PrintWriter(err, true), MeasuringCommands.ALL, args);
        return new Run(exit, out.toString(), err.toString());
    }
}
