package io.zygotes.launcher.measure.bench;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code zygotes bench ...}. */
@Command(
        name = "bench",
        description = "Measures this machine: cold starts, first calls, memory, and what trees save. Needs root. Leaves"
                + " nothing behind.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {BenchColdCommand.class, BenchStartCommand.class, BenchMemoryCommand.class, BenchTreeCommand.class
        })
public final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which one? cold, start, memory or tree");
    }
}
