package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code zygotes bench start}. */
@Command(
        name = "start",
        description = "Measures the first call of ordinary functions, beside a bare fork of a process that has called"
                + " them. Installs their packages from the package index.")
final class BenchStartCommand extends BenchmarkCommand<StartReport> {

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "20",
            description = "Calls of each kind and function (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--function",
            paramLabel = "NAME",
            description = "A function to measure, may be repeated: ${COMPLETION-CANDIDATES} (default: all).",
            completionCandidates = Names.class)
    private List<String> functions = List.of();

    /** For the usage and for shells that complete. */
    static final class Names extends ArrayList<String> {
        private static final long serialVersionUID = 1;

        Names() {
            super(StartFunction.ALL.stream().map(StartFunction::name).toList());
        }
    }

    @Override
    void check() {
        atLeastOne("--rounds", rounds);
        for (String name : functions) {
            if (!new Names().contains(name)) {
                throw wrong("there is no function called \"" + name + "\", only " + new Names());
            }
        }
    }

    @Override
    StartReport measure(Workbench bench) throws Exception {
        List<StartFunction> chosen = StartFunction.ALL.stream()
                .filter(function -> functions.isEmpty() || functions.contains(function.name()))
                .toList();
        return new StartBench(bench, rounds, chosen).run();
    }

    @Override
    void print(StartReport report, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "p50 ms", "none", "installed", "hit", "function", "warm", "floor", "hit/floor", "function/floor"));
        for (StartRow row : report.rows()) {
            rows.add(List.of(
                    row.function(),
                    number(row.noneMs()),
                    number(row.installedMs()),
                    number(row.hitMs()),
                    number(row.functionMs()),
                    number(row.warmMs()),
                    number(row.floorMs()),
                    number(row.hitOfFloor()),
                    number(row.functionOfFloor())));
        }
        out.print(Output.table(new boolean[] {false, true, true, true, true, true, true, true, true}, rows));
        out.println();
        report.rows().stream()
                .filter(row -> row.leftOut() != null)
                .forEach(row -> out.println(row.function() + " was left out: " + row.leftOut()));
        out.println("hit/floor: median " + number(report.hitOfFloorMedian()) + ", worst "
                + number(report.hitOfFloorWorst()));
        out.println(
                "none: without zygotes; installed: the first call of a lambda that was just installed; hit: forked");
        out.println(
                "from a zygote with exactly its packages, after a restart; function: from a zygote that has called");
        out.println("it; warm: of a leaf that has answered before; floor: a bare process that has called f.py once");
        out.println("forks, and its child calls it again.");
    }

    private static String number(Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.1f", value);
    }
}
