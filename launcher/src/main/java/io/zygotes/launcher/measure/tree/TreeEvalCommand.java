package io.zygotes.launcher.measure.tree;

import io.zygotes.launcher.console.Output;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes tree eval}. */
@Command(name = "eval", description = "Says what a tree saves on a trace: times are means of a call.")
final class TreeEvalCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--tree", required = true, paramLabel = "FILE", description = "The tree.")
    private Path tree;

    @Option(
            names = "--trace",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Traces (JSON lines, also .gz); several are summed.")
    private List<Path> traces;

    @Option(names = "--json", description = "Answer as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Map<String, Number> fields =
                OptionalTree.tools().evaluate(tree, traces, spec.commandLine().getErr());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(fields));
            return 0;
        }
        List<List<String>> rows = new ArrayList<>();
        fields.forEach((name, value) -> rows.add(List.of(name, value.toString())));
        out.print(Output.table(new boolean[] {false, true}, rows));
        out.flush();
        return 0;
    }
}
