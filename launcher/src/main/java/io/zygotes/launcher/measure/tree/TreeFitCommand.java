package io.zygotes.launcher.measure.tree;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes tree fit}. */
@Command(
        name = "fit",
        description = "Makes a tree from traces, and says what it saves. The same input gives the same tree.")
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
            description =
                    "The most modelled memory: the sum over nodes of what the packages cost that the node itself adds.")
    private Double memoryMb;

    @Option(
            names = "--versions",
            defaultValue = "pinned",
            paramLabel = "pinned|any",
            description = "Whether nodes name versions (default: ${DEFAULT-VALUE}).")
    private Versions versions;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "S", description = "Decides where the search is random.")
    private long seed;

    @Option(
            names = {"-p", "--path"},
            paramLabel = "DIR",
            description = "A worker directory: leaves out what its workers found to be unfit for zygotes.")
    private Path worker;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write the tree.")
    private Path out;

    @Override
    public Integer call() throws Exception {
        if (nodes < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--nodes is " + nodes + ", a tree has at least 1 node, its root");
        }
        TreeTools.FitRequest request = new TreeTools.FitRequest(
                traces,
                nodes,
                memoryMb == null ? OptionalDouble.empty() : OptionalDouble.of(memoryMb),
                versions == Versions.pinned,
                seed,
                Optional.ofNullable(worker));
        PrintWriter print = spec.commandLine().getOut();
        print.print(OptionalTree.tools().fit(request, out, spec.commandLine().getErr()));
        print.flush();
        return 0;
    }
}
