package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.measure.tree.OptionalTree;
import io.zygotes.launcher.measure.tree.RecordedCall;
import io.zygotes.launcher.tree.TreePlugin;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code zygotes bench tree}. */
@Command(
        name = "tree",
        description = "Makes the calls of a trace again, in their order and at their pace, with real packages: without"
                + " zygotes, with the default tree, with a given one, and with one that learns. Needs root.")
final class BenchTreeCommand extends BenchmarkCommand<TreeReport> {

    @Option(
            names = "--trace",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Traces (JSON lines, also .gz); several are one.")
    private List<Path> traces;

    @Option(names = "--tree", required = true, paramLabel = "FILE", description = "The given tree.")
    private Path tree;

    @Option(
            names = "--calls",
            defaultValue = "200",
            paramLabel = "N",
            description = "How many calls of the trace to make, the first ones (default: ${DEFAULT-VALUE}).")
    private int calls;

    @Option(
            names = "--rounds",
            defaultValue = "2",
            paramLabel = "N",
            description =
                    "How often to make them under each tree; from the second round on, zygotes are there and leaves"
                            + " are not (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--speed",
            defaultValue = "1",
            paramLabel = "X",
            description =
                    "How many times as fast as recorded, if the trace has times (default: ${DEFAULT-VALUE}); without"
                            + " times each call waits for the answer to the one before it.")
    private double speed;

    @Option(
            names = "--longest-pause",
            defaultValue = "1000",
            paramLabel = "MS",
            description = "Longer pauses between two calls are cut to this (default: ${DEFAULT-VALUE}).")
    private double longestPause;

    @Option(
            names = "--pace",
            paramLabel = "MS",
            description = "One call every MS milliseconds instead of the recorded times.")
    private Double pace;

    private List<RecordedCall> recorded;
    private Schedule schedule;

    @Override
    void check() throws Exception {
        atLeastOne("--calls", calls);
        atLeastOne("--rounds", rounds);
        require(speed > 0 && Double.isFinite(speed), "--speed must be more than 0, it is " + speed);
        require(
                longestPause >= 0 && Double.isFinite(longestPause),
                "--longest-pause must be at least 0, it is " + longestPause);
        require(pace == null || pace >= 0 && Double.isFinite(pace), "--pace must be at least 0, it is " + pace);
        recorded = OptionalTree.tools().calls(traces, tree, calls, err());
        schedule = Schedule.of(
                recorded, pace == null ? OptionalDouble.empty() : OptionalDouble.of(pace), speed, longestPause);
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw wrong(otherwise);
        }
    }

    @Override
    TreeReport measure(Workbench bench) throws Exception {
        return new TreeBench(bench, recorded, schedule, tree, rounds).run(TreePlugin.defaultTree());
    }

    @Override
    void print(TreeReport report, PrintWriter out) {
        List<List<String>> table = new ArrayList<>();
        table.add(List.of(
                "tree",
                "round",
                "p50 ms",
                "p99 ms",
                "mean ms",
                "warm",
                "hit",
                "cold",
                "failed",
                "zygotes",
                "their MB",
                "leaves",
                "their MB",
                "private MB"));
        for (TreeRow row : report.rows()) {
            table.add(List.of(
                    row.tree(),
                    String.valueOf(row.round()),
                    number(row.p50Ms()),
                    number(row.p99Ms()),
                    number(row.meanMs()),
                    percent(row.warmShare()),
                    percent(row.hitShare()),
                    percent(row.coldShare()),
                    String.valueOf(row.failed()),
                    String.valueOf(row.zygotes()),
                    number(row.zygotesMb()),
                    String.valueOf(row.leaves()),
                    number(row.leavesMb()),
                    number(row.leafPrivateMb())));
        }
        boolean[] right = new boolean[table.getFirst().size()];
        Arrays.fill(right, 1, right.length, true);
        out.print(Output.table(right, table));
        out.println();
        out.println(report.calls() + " calls of " + report.functions() + " functions with " + report.packageSets()
                + " different sets of packages, " + report.pace() + ".");
        if (report.leftOutCalls() > 0) {
            out.println("Left out: " + report.leftOutCalls() + " calls of "
                    + report.leftOut().stream()
                            .mapToInt(each -> each.functions().size())
                            .sum()
                    + " functions that cannot be run on this machine; --json says why.");
        }
        out.println("Round 1: the worker has just started. Later rounds: its zygotes are there, leaves are not.");
        out.println("warm: the lambda had a leaf. hit: forked from a zygote that was there. cold: all others.");
        out.println("Memory at the end of the round; private MB: what a leaf shares with nobody (median).");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }
}
