package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeWriter;
import io.zygotes.plugin.tree.model.ZygoteTree;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Makes {@code default-zygotes-40.json} anew, from {@code github-requirements.jsonl.gz} in the folder that
 * {@code -Dreqbench=FOLDER} names; the result goes to {@code target}. See {@code docs/trees.md} for the command.
 */
@EnabledIfSystemProperty(
        named = "reqbench",
        matches = ".+",
        disabledReason = "needs -Dreqbench=FOLDER, see docs/trees.md")
final class DefaultTreeTest {

    @Test
    void theTreeThatComesWithThePluginIsTheOneThatTheFitterMakes() throws Exception {
        Trace trace = TraceReader.read(List.of(Path.of(System.getProperty("reqbench"), "github-requirements.jsonl.gz")))
                .trace();
        ZygoteTree tree =
                TreeFitter.tree(trace, new TreeFitter.Settings(40, OptionalDouble.empty(), TreeFitter.Versions.ANY, 2));
        TreeWriter.write(tree, Path.of("target", "default-zygotes-40.json"));
        assertEquals(TreeReader.bundledText(), TreeWriter.json(tree));
    }
}
