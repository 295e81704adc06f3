package io.zygotes.launcher.measure.tree;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes tree diff}. */
@Command(
        name = "diff",
        description =
                "Shows which nodes only one of two trees has. Nodes with the same packages, ancestors included, are"
                        + " one.")
final class TreeDiffCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "A", description = "A tree.")
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another one.")
    private Path second;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.print(OptionalTree.tools().diff(first, second));
        out.flush();
        return 0;
    }
}
