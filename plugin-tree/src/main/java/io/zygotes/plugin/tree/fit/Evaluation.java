package io.zygotes.plugin.tree.fit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a tree saves on a trace. Times are means over all calls, in milliseconds.
 *
 * @param calls how many calls the trace has
 * @param importMillisTotal importing all packages of a call
 * @param importMillisLeft importing what the best node of a call has not
 * @param nonRootShare share of the calls that a node other than the root serves, 0 to 1
 * @param nodes nodes of the tree, the root included
 * @param nodesUsed nodes that serve at least one call
 * @param modelMb modelled memory in MiB: the sum over nodes of what the packages cost that the node itself adds
 * @param estimatedPackages of how many packages of the trace the cost is an estimate
 * @param unknownPackages how many packages of the tree the trace never names; they count nothing
 * @param hits calls by number of the node that serves them
 */
public record Evaluation(
        long calls,
        double importMillisTotal,
        double importMillisLeft,
        double nonRootShare,
        int nodes,
        int nodesUsed,
        double modelMb,
        int estimatedPackages,
        int unknownPackages,
        List<Long> hits) {

    /** Copies the list. */
    public Evaluation {
        hits = List.copyOf(hits);
    }

    /** Share of the import time that the tree saves, 0 to 1; 0 if there is none to save. */
    public double savedShare() {
        return importMillisTotal == 0 ? 0 : 1 - importMillisLeft / importMillisTotal;
    }

    /** The numbers under the names that {@code tree eval --json} writes, in its order. */
    public Map<String, Number> fields() {
        Map<String, Number> fields = new LinkedHashMap<>();
        fields.put("import_ms_total", rounded(importMillisTotal));
        fields.put("import_ms_left", rounded(importMillisLeft));
        fields.put("saved_share", rounded(savedShare()));
        fields.put("non_root_share", rounded(nonRootShare));
        fields.put("nodes", nodes);
        fields.put("nodes_used", nodesUsed);
        fields.put("model_mb", rounded(modelMb));
        fields.put("calls", calls);
        fields.put("estimated_packages", estimatedPackages);
        fields.put("unknown_packages", unknownPackages);
        return fields;
    }

    private static double rounded(double value) {
        return Math.round(value * 10_000) / 10_000.0;
    }
}
