package io.zygotes.launcher.measure.tree;

import io.zygotes.launcher.measure.session.Measuring;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
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
        TreeTools tools = OptionalTree.tools();
        Optional<String> done = Measuring.run(err, MeasureBench.make(), bench -> tools.measure(trace, out, bench, err));
        if (done.isEmpty()) {
            return 1;
        }
        PrintWriter print = spec.commandLine().getOut();
        print.print(done.get());
        print.flush();
        return 0;
    }
}
