package io.zygotes.launcher.cli;

import io.zygotes.launcher.tree.MeasureBench;
import io.zygotes.launcher.tree.OptionalTree;
import io.zygotes.launcher.tree.TreeTools;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes tree measure}. */
@Command(
        name = "measure",
        description = "Measures what importing the packages of a trace costs, those that it has no costs for: installs"
                + " each in a temporary worker and imports it in a sandbox. Needs root.")
final class TreeMeasureCommand implements Callable<Integer> {

    /** Held, because a logger that nobody holds may be forgotten with its level. */
    private static final Logger LOGS = Logger.getLogger("io.zygotes");

    @Spec
    private CommandSpec spec;

    @Option(names = "--trace", required = true, paramLabel = "FILE", description = "The trace (JSON lines, also .gz).")
    private Path trace;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Where to write the trace with costs; .gz compresses it. Everything else stays as it is.")
    private Path out;

    @Override
    public Integer call() throws Exception {
        PrintWriter err = spec.commandLine().getErr();
        // A worker's own lines would tear the progress apart; warnings and errors still come.
        LOGS.setLevel(Level.WARNING);
        TreeTools tools = OptionalTree.tools();
        MeasureBench bench = new MeasureBench();
        AtomicBoolean stopping = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping.set(true);
            close(bench, err);
        }));
        try (bench) {
            PrintWriter print = spec.commandLine().getOut();
            print.print(tools.measure(trace, out, bench, err));
            print.flush();
            return 0;
        } catch (Exception e) {
            if (stopping.get()) {
                // Ctrl-C took the worker away; what fails then is no news. The process is ending.
                return 1;
            }
            throw e;
        }
    }

    private static void close(MeasureBench bench, PrintWriter err) {
        try {
            bench.close();
        } catch (IOException e) {
            err.println("zygotes: the measurement could not remove all it made: " + e.getMessage());
        }
    }
}
