package io.zygotes.launcher.cli;

import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.doctor.Diagnosis;
import io.zygotes.launcher.doctor.Doctor;
import io.zygotes.spi.mechanism.Finding;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes doctor}. */
@Command(
        name = "doctor",
        description =
                "Says what this machine offers and how to mend what it lacks. Exit code 1 if no worker could run.")
final class DoctorCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Option(names = "--json", description = "Answer as JSON.")
    private boolean json;

    @Option(
            names = "--clean",
            description = "Instead, remove what a dead worker left: cgroups, scratch folders, installs that broke off.")
    private boolean clean;

    @Override
    public Integer call() throws Exception {
        Doctor doctor = Doctor.of(directory.path());
        return clean ? clean(doctor) : examine(doctor);
    }

    private int clean(Doctor doctor) throws Exception {
        List<String> done = doctor.clean();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(Map.of("done", done)));
        } else {
            (done.isEmpty() ? List.of("there is nothing to remove") : done).forEach(out::println);
        }
        return 0;
    }

    private int examine(Doctor doctor) throws Exception {
        Diagnosis diagnosis = doctor.examine();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(diagnosis));
            return diagnosis.ok() ? 0 : 1;
        }
        List<List<String>> rows = new ArrayList<>();
        for (Finding finding : diagnosis.findings()) {
            rows.add(List.of(
                    finding.ok() ? "ok" : finding.needed() ? "MISSING" : "worse", finding.name(), finding.found()));
            if (!finding.ok()) {
                rows.add(List.of("", "", "mend: " + finding.mend()));
            }
        }
        out.print(Output.table(new boolean[3], rows));
        out.println();
        out.println(
                diagnosis.ok()
                        ? "A worker can run here."
                        : "A worker cannot run here until what is MISSING is mended.");
        out.flush();
        return diagnosis.ok() ? 0 : 1;
    }
}
