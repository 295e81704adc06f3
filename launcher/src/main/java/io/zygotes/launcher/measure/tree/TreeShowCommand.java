package io.zygotes.launcher.measure.tree;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes tree show}. */
@Command(name = "show", description = "Draws the tree of a file, and says what is wrong with it if it is none.")
final class TreeShowCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The tree, in JSON.")
    private Path file;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description = "Shows what each node costs and how many calls of this trace it serves.")
    private Path trace;

    @Option(names = "--svg", paramLabel = "OUT", description = "Draws a picture into this file as well.")
    private Path svg;

    @Option(
            names = {"-p", "--path"},
            paramLabel = "DIR",
            description = "A worker directory: marks what its workers found to be unfit for zygotes.")
    private Path worker;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.print(OptionalTree.tools()
                .show(
                        file,
                        Optional.ofNullable(trace),
                        Optional.ofNullable(svg),
                        Optional.ofNullable(worker),
                        spec.commandLine().getErr()));
        out.flush();
        return 0;
    }
}
