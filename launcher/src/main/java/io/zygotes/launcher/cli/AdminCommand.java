package io.zygotes.launcher.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes admin ...}. */
@Command(
        name = "admin",
        description = "Changes what a worker serves.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = InstallCommand.class)
final class AdminCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? install");
    }
}
