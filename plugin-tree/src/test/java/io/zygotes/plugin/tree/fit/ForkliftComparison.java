package io.zygotes.plugin.tree.fit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Compares our trees with Forklift's on ReqBench. Takes a folder with {@code forklift.json} (by trial, variant and size:
 * {@code import_ms_left} and {@code model_mb} of Forklift's own trees) and {@code trial0/train.jsonl},
 * {@code trial0/test.jsonl}, …; prints a table. Each of our trees may take the memory of Forklift's v3 tree of its size;
 * the ratio is our time left to that of the best Forklift variant. See {@code docs/trees.md} for the command.
 */
final class ForkliftComparison {

    private static final int[] SIZES = {20, 40, 80, 160, 320, 640};

    private ForkliftComparison() {}

    /** One tree beside Forklift's best of the same size. */
    record Row(String trial, int size, double ours, double forklift, int nodes, double megabytes, double allowed, double seconds) {

        double ratio() {
            return ours / forklift;
        }
    }

    static List<Row> rows(Path folder, int... sizes) throws IOException, FitException {
        JsonNode forklift = JsonMapper.builder().build().readTree(Files.readString(folder.resolve("forklift.json")));
        List<Row> rows = new ArrayList<>();
        for (String trial : (Iterable<String>) forklift::fieldNames) {
            Trace train = TraceReader.read(List.of(folder.resolve("trial" + trial + "/train.jsonl"))).trace();
            Trace test = TraceReader.read(List.of(folder.resolve("trial" + trial + "/test.jsonl"))).trace();
            for (int size : sizes) {
                double best = Double.POSITIVE_INFINITY;
                for (int variant = 0; variant <= 3; variant++) {
                    best = Math.min(best, forklift.at("/" + trial + "/v" + variant + "." + size + "/import_ms_left").doubleValue());
                }
                double allowed = forklift.at("/" + trial + "/v3." + size + "/model_mb").doubleValue();
                long start = System.nanoTime();
                TreeFitter.Fit fit = TreeFitter.fit(train, new TreeFitter.Settings(
                        size, OptionalDouble.of(allowed), TreeFitter.Versions.PINNED, 0));
                double seconds = (System.nanoTime() - start) / 1e9;
                Evaluation evaluation = TreeEvaluator.evaluate(fit.tree(), test);
                rows.add(new Row(trial, size, evaluation.importMillisLeft(), best, evaluation.nodes(),
                        evaluation.modelMb(), allowed, seconds));
            }
        }
        return rows;
    }

    public static void main(String[] args) throws IOException, FitException {
        List<Row> rows = rows(Path.of(args[0]), SIZES);
        System.out.println("nodes  mean ratio  slowest fit  trial: ours/Forklift's best in ms (nodes, MB of MB)");
        for (int size : SIZES) {
            List<Row> some = rows.stream().filter(row -> row.size() == size).toList();
            StringBuilder line = new StringBuilder("%5d  %10.3f  %9.1f s ".formatted(size,
                    some.stream().mapToDouble(Row::ratio).average().orElseThrow(),
                    some.stream().mapToDouble(Row::seconds).max().orElseThrow()));
            some.forEach(row -> line.append(" %s: %.2f/%.2f (%d, %.0f of %.0f)".formatted(row.trial(), row.ours(),
                    row.forklift(), row.nodes(), row.megabytes(), row.allowed())));
            System.out.println(line);
        }
    }
}
