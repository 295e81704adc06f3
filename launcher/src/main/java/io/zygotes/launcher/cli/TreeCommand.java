package io.zygotes.launcher.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes tree ...}. */
@Command(
        name = "tree",
        description = "Works with zygote trees.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = TreeShowCommand.class)
final class TreeCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? show");
    }
}
