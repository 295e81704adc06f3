package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code zygotes bench memory}. */
@Command(
        name = "memory",
        description = "Measures what one more leaf with pandas costs, and how many fit into a given memory.")
final class BenchMemoryCommand extends BenchmarkCommand<MemoryReport> {

    @Option(
            names = "--memory-mb",
            paramLabel = "MB",
            defaultValue = "4096",
            description = "The given memory in MiB (default: ${DEFAULT-VALUE}).")
    private int memoryMb;

    @Override
    void check() {
        atLeastOne("--memory-mb", memoryMb);
    }

    @Override
    MemoryReport measure(Workbench bench) throws Exception {
        return new MemoryBench(bench, memoryMb).run();
    }

    @Override
    void print(MemoryReport report, PrintWriter out) {
        out.print(Output.table(
                new boolean[] {false, true, true},
                List.of(
                        List.of("a leaf with pandas", "with zygotes", "without"),
                        List.of(
                                "private MB of one more",
                                number(report.leafPrivateMb()),
                                number(report.freshPrivateMb())),
                        List.of(
                                "leaves measured",
                                number(report.withZygotes().leaves()),
                                number(report.withoutZygotes().leaves())),
                        List.of(
                                "charged to all of them, MB",
                                number(report.withZygotes().leavesMb()),
                                number(report.withoutZygotes().leavesMb())),
                        List.of(
                                "charged to the zygotes, MB",
                                number(report.withZygotes().zygotesMb()),
                                "-"),
                        List.of(
                                "available memory for each, MB",
                                number(report.withZygotes().machineMbPerLeaf()),
                                number(report.withoutZygotes().machineMbPerLeaf())),
                        List.of(
                                "fit into " + report.memoryMb() + " MB",
                                number(report.withZygotes().leavesThatFit()),
                                number(report.withoutZygotes().leavesThatFit())))));
        out.println();
        out.println(number(report.timesAsMany())
                + " times as many. Charged is what the kernel counts for the cgroups of all");
        out.println("sandboxes, and by how much it grew with these leaves. What fits is extrapolated: memory, less the"
                + " zygotes");
        out.println("once, divided by what one leaf was charged on average.");
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) >= 4
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.2f", value);
    }
}
