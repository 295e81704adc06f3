package io.zygotes.launcher.cli;

import io.zygotes.launcher.bench.MemoryBench;
import io.zygotes.launcher.bench.MemoryReport;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes bench memory}. */
@Command(name = "memory", description = "Measures what one more leaf with pandas costs, and how many fit into a given memory.")
final class BenchMemoryCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Answer as one JSON object.")
    private boolean json;

    @Option(
            names = "--memory-mb",
            paramLabel = "MB",
            defaultValue = "4096",
            description = "The given memory in MiB (default: ${DEFAULT-VALUE}).")
    private int memoryMb;

    @Override
    public Integer call() throws Exception {
        if (memoryMb < 1) {
            throw new ParameterException(spec.commandLine(), "--memory-mb must be at least 1, it is " + memoryMb);
        }
        var out = spec.commandLine().getOut();
        Optional<MemoryReport> report =
                Measuring.run(spec.commandLine().getErr(), bench -> new MemoryBench(bench, memoryMb).run());
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

    private static void print(MemoryReport report, PrintWriter out) {
        out.print(Output.table(new boolean[] {false, true, true}, List.of(
                List.of("a leaf with pandas", "with zygotes", "without"),
                List.of("private MB of one more", number(report.leafPrivateMb()), number(report.freshPrivateMb())),
                List.of("leaves measured", number(report.withZygotes().leaves()), number(report.withoutZygotes().leaves())),
                List.of("charged to all of them, MB", number(report.withZygotes().leavesMb()),
                        number(report.withoutZygotes().leavesMb())),
                List.of("charged to the zygotes, MB", number(report.withZygotes().zygotesMb()), "-"),
                List.of("available memory for each, MB", number(report.withZygotes().machineMbPerLeaf()),
                        number(report.withoutZygotes().machineMbPerLeaf())),
                List.of("fit into " + report.memoryMb() + " MB", number(report.withZygotes().leavesThatFit()),
                        number(report.withoutZygotes().leavesThatFit())))));
        out.println();
        out.println(number(report.timesAsMany()) + " times as many. Charged is what the kernel counts for the cgroups of all");
        out.println("sandboxes, and by how much it grew with these leaves. What fits is extrapolated: memory, less the zygotes");
        out.println("once, divided by what one leaf was charged on average.");
        out.flush();
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) >= 4
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.2f", value);
    }
}
