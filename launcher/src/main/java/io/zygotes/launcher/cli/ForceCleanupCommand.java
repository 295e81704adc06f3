package io.zygotes.launcher.cli;

import io.zygotes.launcher.doctor.Doctor;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code zygotes worker force-cleanup}, OpenLambda's word for {@code down} and {@code doctor --clean}. */
@Command(
        name = "force-cleanup",
        description = "Stops a worker if one runs, and removes what a dead one left (as down and doctor --clean do).")
final class ForceCleanupCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Override
    public Integer call() throws Exception {
        int stopped = spec.parent()
                .commandLine()
                .getSubcommands()
                .get("down")
                .execute("-p", directory.path().toString());
        List<String> done = Doctor.of(directory.path()).clean();
        PrintWriter out = spec.commandLine().getOut();
        (done.isEmpty() ? List.of("there is nothing to remove") : done).forEach(out::println);
        return stopped;
    }
}
