package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Compares our trees with Forklift's on ReqBench, which is too large to be kept here. {@code -Dreqbench=FOLDER} names a
 * folder with {@code forklift.json} (by trial, variant and size: {@code import_ms_left} and {@code model_mb} of
 * Forklift's own trees) and {@code trial0/train.jsonl}, {@code trial0/test.jsonl}, …. Each of our trees may take the
 * memory of Forklift's v3 tree of its size; the ratio is our time left to that of the best Forklift variant. The table
 * goes to {@code target/forklift.txt}. See {@code docs/trees.md} for the command.
 */
@EnabledIfSystemProperty(
        named = "reqbench",
        matches = ".+",
        disabledReason = "needs -Dreqbench=FOLDER, see docs/trees.md")
final class ForkliftComparisonTest {

    /** Nodes, and the mean ratio to reach. */
    private static final Map<Integer, Double> GOALS =
            new TreeMap<>(Map.of(20, 0.63, 40, 0.60, 80, 0.68, 160, 0.73, 320, 0.94, 640, 1.00));

    /** One tree beside Forklift's best of the same size. */
    record Row(
            String trial,
            int size,
            double ours,
            double forklift,
            int nodes,
            double megabytes,
            double allowed,
            double seconds) {

        double ratio() {
            return ours / forklift;
        }
    }

    private static List<Row> rows(Path folder) throws IOException, FitException {
        JsonNode forklift = JsonMapper.builder().build().readTree(Files.readString(folder.resolve("forklift.json")));
        List<Row> rows = new ArrayList<>();
        for (String trial : (Iterable<String>) forklift::fieldNames) {
            Trace train = TraceReader.read(List.of(folder.resolve("trial" + trial + "/train.jsonl")))
                    .trace();
            Trace test = TraceReader.read(List.of(folder.resolve("trial" + trial + "/test.jsonl")))
                    .trace();
            for (int size : GOALS.keySet()) {
                double best = Double.POSITIVE_INFINITY;
                for (int variant = 0; variant <= 3; variant++) {
                    best = Math.min(
                            best,
                            forklift.at("/" + trial + "/v" + variant + "." + size + "/import_ms_left")
                                    .doubleValue());
                }
                double allowed =
                        forklift.at("/" + trial + "/v3." + size + "/model_mb").doubleValue();
                long start = System.nanoTime();
                TreeFitter.Fit fit = TreeFitter.fit(
                        train,
                        new TreeFitter.Settings(size, OptionalDouble.of(allowed), TreeFitter.Versions.PINNED, 1));
                double seconds = (System.nanoTime() - start) / 1e9;
                Evaluation evaluation = TreeEvaluator.evaluate(fit.tree(), test);
                rows.add(new Row(
                        trial,
                        size,
                        evaluation.importMillisLeft(),
                        best,
                        evaluation.nodes(),
                        evaluation.modelMb(),
                        allowed,
                        seconds));
            }
        }
        return rows;
    }

    @Test
    void weAreClearlyBetterInSeconds() throws Exception {
        List<Row> rows = rows(Path.of(System.getProperty("reqbench")));
        StringBuilder table = new StringBuilder(
                "nodes  mean ratio  slowest fit  trial: ours/Forklift's best in ms (nodes, MB of MB)\n");
        Map<Integer, Double> ratios = new TreeMap<>();
        for (int size : GOALS.keySet()) {
            List<Row> some = rows.stream().filter(row -> row.size() == size).toList();
            ratios.put(size, some.stream().mapToDouble(Row::ratio).average().orElseThrow());
            table.append("%5d  %10.3f  %9.1f s "
                    .formatted(
                            size,
                            ratios.get(size),
                            some.stream().mapToDouble(Row::seconds).max().orElseThrow()));
            some.forEach(row -> table.append(" %s: %.2f/%.2f (%d, %.0f of %.0f)"
                    .formatted(row.trial(), row.ours(), row.forklift(), row.nodes(), row.megabytes(), row.allowed())));
            table.append('\n');
        }
        Files.writeString(Path.of("target", "forklift.txt"), table);
        assertAll(
                () -> GOALS.forEach((size, goal) -> assertTrue(ratios.get(size) <= goal, table::toString)),
                () -> rows.forEach(row -> assertTrue(row.nodes() <= row.size(), row::toString)),
                () -> rows.forEach(row -> assertTrue(row.megabytes() <= row.allowed(), row::toString)));
    }
}
