package io.zygotes.launcher.cli;

import io.zygotes.launcher.bench.TreeBench;
import io.zygotes.launcher.bench.TreeRow;
import io.zygotes.launcher.tree.OptionalTree;
import io.zygotes.spi.PackageId;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes bench tree}. */
@Command(
        name = "tree",
        description = "Makes calls of a trace again, with real packages and a new leaf each: without zygotes, with the"
                + " default tree, with a given one, and with one that learns.")
final class BenchTreeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--trace",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Traces (JSON lines, also .gz); several are summed.")
    private List<Path> traces;

    @Option(names = "--tree", required = true, paramLabel = "FILE", description = "The given tree.")
    private Path tree;

    @Option(
            names = "--calls",
            defaultValue = "200",
            paramLabel = "N",
            description = "How many calls of the trace to make, drawn at random (default: ${DEFAULT-VALUE}).")
    private int calls;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "S", description = "Decides which calls are drawn.")
    private long seed;

    @Option(names = "--json", description = "Answer as one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        if (calls < 1) {
            throw new ParameterException(spec.commandLine(), "--calls must be at least 1, it is " + calls);
        }
        var err = spec.commandLine().getErr();
        List<Set<PackageId>> sample = OptionalTree.tools().sample(traces, tree, calls, seed, err);
        Optional<List<TreeRow>> rows =
                Measuring.run(err, bench -> new TreeBench(bench, sample, tree).run(OptionalTree.defaultTree()));
        if (rows.isEmpty()) {
            return 1;
        }
        var out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(Map.of("rows", rows.get())));
        } else {
            print(rows.get(), out);
        }
        return 0;
    }

    private static void print(List<TreeRow> rows, PrintWriter out) {
        var table = new ArrayList<List<String>>();
        table.add(List.of("tree", "first mean ms", "mean ms", "p50 ms", "p99 ms", "hits", "zygotes", "their MB", "leaf MB"));
        for (TreeRow row : rows) {
            table.add(List.of(
                    row.tree(),
                    number(row.firstMeanMs()),
                    number(row.meanMs()),
                    number(row.p50Ms()),
                    number(row.p99Ms()),
                    row.hits() + "/" + row.calls(),
                    String.valueOf(row.zygotes()),
                    number(row.zygotesMb()),
                    number(row.leafPrivateMb())));
        }
        out.print(Output.table(new boolean[] {false, true, true, true, true, true, true, true, true}, table));
        out.println();
        out.println("Each call gets a new leaf. first: the first round, in which zygotes are made; the others: the second");
        out.println("round. hits: the zygote was there. leaf MB: memory that a leaf shares with nobody (median).");
        out.flush();
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
