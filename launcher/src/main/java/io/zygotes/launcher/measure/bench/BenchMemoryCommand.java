package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code zygotes bench memory}. */
@Command(name = "memory", description = "Measures what one more leaf costs, and how many fit into a given memory.")
final class BenchMemoryCommand extends BenchmarkCommand<MemoryReport> {

    @Option(
            names = "--memory-mb",
            paramLabel = "MB",
            defaultValue = "4096",
            description = "The given memory in MiB (default: ${DEFAULT-VALUE}).")
    private int memoryMb;

    @Option(
            names = "--leaves",
            paramLabel = "N",
            defaultValue = "24",
            description = "How many leaves are forked (default: ${DEFAULT-VALUE}). The more, the less noise is in what"
                    + " the whole machine has left.")
    private int leaves;

    @Option(
            names = "--set",
            paramLabel = "SET",
            defaultValue = "pandas",
            description = "The packages that they import: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
            completionCandidates = SetNames.class)
    private String set;

    @Override
    void check() {
        atLeastOne("--memory-mb", memoryMb);
        atLeastOne("--leaves", leaves);
        set(set);
    }

    @Override
    MemoryReport measure(Workbench bench) throws Exception {
        return new MemoryBench(bench, set(set), leaves, memoryMb).run();
    }

    @Override
    void print(MemoryReport report, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("a leaf, " + report.set(), "with zygotes", "without"));
        rows.add(row("private MB of one more", report.leafPrivateMb(), report.freshPrivateMb()));
        rows.add(row(report, "leaves measured", MemoryReport.Charges::leaves));
        rows.add(row(report, "charged to all of them, MB", MemoryReport.Charges::leavesMb));
        rows.add(List.of(
                "charged to the zygotes, MB", number(report.withZygotes().zygotesMb()), "-"));
        rows.add(machine(report, "available memory for each, MB", MachineMemory::availableMb));
        rows.add(machine(report, "  memory of processes", MachineMemory::anonymousMb));
        rows.add(machine(report, "  objects of the kernel (slab)", MachineMemory::slabMb));
        rows.add(machine(report, "  counters for each processor", MachineMemory::percpuMb));
        rows.add(machine(report, "  page tables", MachineMemory::pageTablesMb));
        rows.add(machine(report, "  kernel stacks", MachineMemory::kernelStackMb));
        rows.add(machine(report, "  files in tmpfs", MachineMemory::sharedMb));
        rows.add(row(report, "fit into " + report.memoryMb() + " MB", MemoryReport.Charges::leavesThatFit));
        out.print(Output.table(new boolean[] {false, true, true}, rows));
        out.println();
        out.println(number(report.timesAsMany())
                + " times as many. Charged is what the kernel counts for the cgroups of all");
        out.println("sandboxes, and by how much it grew with these leaves. What fits is extrapolated: memory, less the"
                + " zygotes");
        out.println("once, divided by what one leaf was charged on average.");
    }

    private static List<String> machine(MemoryReport report, String name, ToDoubleFunction<MachineMemory> part) {
        return row(report, name, charges -> part.applyAsDouble(charges.machine()));
    }

    private static List<String> row(MemoryReport report, String name, ToDoubleFunction<MemoryReport.Charges> value) {
        return row(name, value.applyAsDouble(report.withZygotes()), value.applyAsDouble(report.withoutZygotes()));
    }

    private static List<String> row(String name, double with, double without) {
        return List.of(name, number(with), number(without));
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) >= 4
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%.2f", value);
    }
}
