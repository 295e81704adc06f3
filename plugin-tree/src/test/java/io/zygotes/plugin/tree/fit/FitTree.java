package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.TreeWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;

/** Makes a tree of bare names: {@code TRACE NODES OUT}. What {@code default-zygotes-40.json} was made with. */
final class FitTree {

    private FitTree() {}

    public static void main(String[] args) throws IOException, FitException {
        TraceReader.Result read = TraceReader.read(List.of(Path.of(args[0])));
        TreeFitter.Fit fit = TreeFitter.fit(read.trace(), new TreeFitter.Settings(
                Integer.parseInt(args[1]), OptionalDouble.empty(), TreeFitter.Versions.ANY, 0));
        TreeWriter.write(fit.tree(), Path.of(args[2]));
        System.out.print(TreeText.of(fit.tree(), index -> fit.training().hits().get(index) + " calls"));
        System.out.println(fit.training().fields());
        System.out.println(fit.expected());
    }
}
