package io.zygotes.launcher.measure.tree;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes tree ...}. */
@Command(
        name = "tree",
        description = "Draws, fits, evaluates and compares zygote trees, and measures what they save.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            TreeShowCommand.class,
            TreeMeasureCommand.class,
            TreeFitCommand.class,
            TreeEvalCommand.class,
            TreeDiffCommand.class
        })
public final class TreeCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? show, measure, fit, eval or diff");
    }
}
