package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code zygotes bench cold}. */
@Command(
        name = "cold",
        description = "Measures requests for which a sandbox must be made, beside the floor of a bare fork.")
final class BenchColdCommand extends BenchmarkCommand<ColdReport> {

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "200",
            description = "Rounds for each set of packages and pace (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "3000",
            description = "Requests to each worker before the measured ones, until Java's compilers have little left to"
                    + " do (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--set",
            paramLabel = "SET",
            description = "A set of packages to measure, may be repeated: ${COMPLETION-CANDIDATES} (default: all).",
            completionCandidates = SetNames.class)
    private List<String> sets = List.of();

    @Option(
            names = "--part",
            paramLabel = "PART",
            description = "What to measure, may be repeated: ${COMPLETION-CANDIDATES} (default: all).")
    private Set<ColdBench.Part> parts = EnumSet.allOf(ColdBench.Part.class);

    @Override
    void check() {
        atLeastOne("--rounds", rounds);
        atLeastOne("--warm-up", warmUp);
        chosen();
    }

    private List<PackageSet> chosen() {
        if (sets.isEmpty()) {
            return PackageSet.ALL;
        }
        List<PackageSet> named = sets.stream().map(this::set).toList();
        return PackageSet.ALL.stream().filter(named::contains).toList();
    }

    @Override
    ColdReport measure(Workbench bench) throws Exception {
        return new ColdBench(bench, warmUp, rounds, chosen(), parts).run();
    }

    @Override
    void print(ColdReport report, PrintWriter out) {
        printRows(report, out);
        out.println();
        out.println("create, step by step (p50 ms, spaced; indented: parts of the step above):");
        report.rows().stream()
                .filter(row -> row.stepsP50Ms() != null && row.pace().equals(Pace.SPACED.toString()))
                .forEach(row -> printSteps(row, out));
        out.println();
        printConcurrent(report.concurrent(), out);
    }

    private static void printRows(ColdReport report, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("packages", "pace", "what", "p50 ms", "p99 ms", "of limit p50", "of limit p99"));
        for (ColdRow row : report.rows()) {
            rows.add(List.of(
                    row.set(),
                    row.pace(),
                    row.what(),
                    number(row.p50Ms()),
                    number(row.p99Ms()),
                    number(row.ofLimitP50()),
                    number(row.ofLimitP99())));
        }
        out.print(Output.table(new boolean[] {false, false, false, true, true, true, true}, rows));
        out.println();
        out.println("limit: a bare Python process forks, its child imports f.py and answers; hit: a request over HTTP"
                + " whose");
        out.println("zygote lives; create: the part of it that makes the sandbox; none: the request without zygotes.");
        out.println("A request that needs no sandbox takes " + number(report.clientP50Ms()) + " ms (p50).");
    }

    static void printSteps(ColdRow row, PrintWriter out) {
        out.println("  " + row.set());
        row.stepsP50Ms().forEach((step, millis) -> {
            out.println(String.format(Locale.ROOT, "    %8.3f  %s", millis, step));
            row.partsP50Ms()
                    .getOrDefault(step, Map.of())
                    .forEach((part, each) -> out.println(String.format(Locale.ROOT, "      %8.3f  %s", each, part)));
        });
    }

    private static void printConcurrent(ColdReport.Concurrent report, PrintWriter out) {
        out.println(report.clients() + " clients at once, beside " + report.forkers()
                + " bare Python processes that fork:");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("packages", "leaves/s", "limit/s", "of limit"));
        for (ConcurrentRow row : report.rows()) {
            rows.add(List.of(row.set(), number(row.leavesPerS()), number(row.limitPerS()), number(row.ofLimit())));
        }
        out.print(Output.table(new boolean[] {false, true, true, true}, rows));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
