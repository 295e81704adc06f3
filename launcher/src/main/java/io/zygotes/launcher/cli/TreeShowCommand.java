package io.zygotes.launcher.cli;

import io.zygotes.core.files.Folders;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.fit.TreeReport;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
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

    @Override
    public Integer call() throws Exception {
        OptionalTree.require();
        var out = spec.commandLine().getOut();
        ZygoteTree tree = TreeReader.file(file);
        Optional<Trace> calls = trace == null
                ? Optional.empty()
                : Optional.of(Traces.read(List.of(trace), spec.commandLine().getErr()));
        out.print(calls.isPresent() ? TreeReport.text(tree, calls.get()) : TreeText.of(tree));
        out.println(tree.size() + (tree.size() == 1 ? " node" : " nodes"));
        if (svg != null) {
            Folders.write(svg.toAbsolutePath(), TreeReport.svg(tree, calls).getBytes(StandardCharsets.UTF_8));
        }
        return 0;
    }
}
