package io.zygotes.launcher.cli;

import io.zygotes.plugin.tree.fit.FitException;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.fit.TreeFitter;
import io.zygotes.plugin.tree.model.TreeWriter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes tree fit}. */
@Command(name = "fit", description = "Makes a tree from traces, and says what it saves. The same input gives the same tree.")
final class TreeFitCommand implements Callable<Integer> {

    /** What {@code --versions} takes. */
    enum Versions {
        pinned,
        any
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--trace",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Traces (JSON lines, also .gz); several are summed.")
    private List<Path> traces;

    @Option(names = "--nodes", required = true, paramLabel = "N", description = "The most nodes, the root counted.")
    private int nodes;

    @Option(
            names = "--memory-mb",
            paramLabel = "M",
            description = "The most modelled memory: the sum over nodes of what the packages cost that the node itself adds.")
    private Double memoryMb;

    @Option(
            names = "--versions",
            defaultValue = "any",
            paramLabel = "pinned|any",
            description = "Whether nodes name versions (default: ${DEFAULT-VALUE}).")
    private Versions versions;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "S", description = "Decides where the search is random.")
    private long seed;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write the tree.")
    private Path out;

    @Override
    public Integer call() throws Exception {
        OptionalTree.require();
        if (nodes < 1) {
            throw new ParameterException(spec.commandLine(), "--nodes is " + nodes + ", a tree has at least 1 node, its root");
        }
        Trace trace = Traces.read(traces, spec.commandLine().getErr());
        var settings = new TreeFitter.Settings(
                nodes,
                memoryMb == null ? OptionalDouble.empty() : OptionalDouble.of(memoryMb),
                versions == Versions.pinned ? TreeFitter.Versions.PINNED : TreeFitter.Versions.ANY,
                seed);
        TreeFitter.Fit fit;
        try {
            fit = TreeFitter.fit(trace, settings);
        } catch (FitException e) {
            throw new Failure(e.getMessage(), e);
        }
        TreeWriter.write(fit.tree(), out);
        var training = fit.training();
        PrintWriter print = spec.commandLine().getOut();
        print.println("wrote " + out + ": " + training.nodes() + " nodes, "
                + String.format(Locale.ROOT, "%.1f MB", training.modelMb()));
        print.println("on this trace: " + saved(training.importMillisTotal(), training.importMillisLeft(), training.savedShare()));
        fit.expected().ifPresent(expected -> print.println("expected on unseen calls: "
                + saved(expected.importMillisTotal(), expected.importMillisLeft(), expected.savedShare())
                + " (fitted five times to four fifths, tried on the rest)"));
        return 0;
    }

    private static String saved(double total, double left, double share) {
        return String.format(Locale.ROOT, "a call imports %.1f ms instead of %.1f ms, %.1f %% saved", left, total, share * 100);
    }
}
