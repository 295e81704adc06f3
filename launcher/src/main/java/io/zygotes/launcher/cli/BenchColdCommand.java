package io.zygotes.launcher.cli;

import io.zygotes.launcher.bench.ColdBench;
import io.zygotes.launcher.bench.ColdReport;
import io.zygotes.launcher.bench.ColdRow;
import io.zygotes.launcher.bench.ConcurrentRow;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes bench cold}. */
@Command(
        name = "cold",
        description = "Measures requests for which a sandbox must be made, beside the floor of a bare fork.")
final class BenchColdCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print the table as one JSON object.")
    private boolean json;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "200",
            description = "Rounds for each set of packages and pace (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Override
    public Integer call() throws Exception {
        if (rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least 1, it is " + rounds);
        }
        var out = spec.commandLine().getOut();
        Optional<ColdReport> report =
                Measuring.run(spec.commandLine().getErr(), bench -> new ColdBench(bench, rounds).run());
        if (report.isEmpty()) {
            return 1;
        }
        if (json) {
            out.println(Output.json(report.get()));
        } else {
            print(report.get(), out);
        }
        return 0;
    }

    private static void print(ColdReport report, PrintWriter out) {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("packages", "pace", "what", "p50 ms", "p99 ms", "of limit p50", "of limit p99"));
        for (ColdRow row : report.rows()) {
            rows.add(List.of(row.set(), row.pace(), row.what(), number(row.p50Ms()), number(row.p99Ms()),
                    number(row.ofLimitP50()), number(row.ofLimitP99())));
        }
        out.print(Output.table(new boolean[] {false, false, false, true, true, true, true}, rows));
        out.println();
        out.println("limit: a bare Python process forks, its child imports f.py and answers; hit: a request over HTTP whose");
        out.println("zygote lives; create: the part of it that makes the sandbox; none: the request without zygotes.");
        out.println("A request that needs no sandbox takes " + number(report.clientP50Ms()) + " ms (p50).");
        out.println();
        out.println("create, step by step (p50 ms, spaced):");
        for (ColdRow row : report.rows()) {
            if (row.stepsP50Ms() != null && row.pace().equals("spaced")) {
                out.println("  " + row.set());
                for (Map.Entry<String, Double> step : row.stepsP50Ms().entrySet()) {
                    out.println(String.format(Locale.ROOT, "    %8.3f  %s", step.getValue(), step.getKey()));
                }
            }
        }
        out.println();
        out.println(report.concurrent().clients() + " clients at once, beside " + report.concurrent().forkers()
                + " bare Python processes that fork:");
        var many = new ArrayList<List<String>>();
        many.add(List.of("packages", "leaves/s", "limit/s", "of limit"));
        for (ConcurrentRow row : report.concurrent().rows()) {
            many.add(List.of(row.set(), number(row.leavesPerS()), number(row.limitPerS()), number(row.ofLimit())));
        }
        out.print(Output.table(new boolean[] {false, true, true, true}, many));
        out.flush();
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
