package io.zygotes.launcher.cli;

import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes tree show}. */
@Command(name = "show", description = "Draws the tree of a file, and says what is wrong with it if it is none.")
final class TreeShowCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The tree, in JSON.")
    private Path file;

    @Override
    public Integer call() throws Exception {
        OptionalTree.require();
        var out = spec.commandLine().getOut();
        ZygoteTree tree = TreeReader.file(file);
        out.print(TreeText.of(tree));
        out.println(tree.size() + (tree.size() == 1 ? " node" : " nodes"));
        return 0;
    }
}
