package io.zygotes.launcher.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes worker ...}. */
@Command(
        name = "worker",
        description = "Makes, starts and stops a worker.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            InitCommand.class,
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            ReloadCommand.class,
            ForceCleanupCommand.class
        })
final class WorkerCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "which command? init, up, down, status, reload or force-cleanup");
    }
}
