package io.zygotes.core.status;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The names that OpenLambda's worker has for what it counts, each {@code X.cnt} and, where it is measured here, {@code
 * X.ms-avg} in whole milliseconds. As there, a name appears with its first use.
 */
final class OpenLambdaNames {

    private static final List<String> CALLS = List.of("call_warm", "call_hit", "call_function", "call_cold");

    private final Map<String, Number> ours;
    private final Map<String, Number> theirs = new TreeMap<>();

    private OpenLambdaNames(Map<String, Number> ours) {
        this.ours = ours;
    }

    /**
     * What is told under its names.
     *
     * @param ours all numbers by our names
     */
    static Map<String, Number> of(Map<String, Number> ours) {
        OpenLambdaNames names = new OpenLambdaNames(ours);
        names.add();
        return names.theirs;
    }

    private void add() {
        if (count("web-request", sum("requests"))) {
            theirs.put("web-request.ms-avg", meanOfCalls());
        }
        if (count("ImportCache.Create", sum("leaf_create_count"))) {
            theirs.put(
                    "ImportCache.Create.ms-avg",
                    ours.getOrDefault("leaf_create_mean_ms", 0).longValue());
        }
        count("Create()", sum("leaves_made", "zygotes_made"));
        count(
                "Destroy()",
                sum(
                        "leaves_destroyed",
                        "leaves_evicted",
                        "leaves_died",
                        "zygotes_destroyed",
                        "zygotes_evicted",
                        "zygotes_died"));
        count("Pause()", sum("leaves_frozen", "zygotes_frozen"));
        count("Unpause()", sum("leaves_thawed", "zygotes_thawed"));
        count("pull-package", sum("packages_installed"));
    }

    /** Returns whether there were any. */
    private boolean count(String name, long count) {
        if (count > 0) {
            theirs.put(name + ".cnt", count);
        }
        return count > 0;
    }

    private long sum(String... names) {
        long sum = 0;
        for (String name : names) {
            sum += ours.getOrDefault(name, 0).longValue();
        }
        return sum;
    }

    private long meanOfCalls() {
        double millis = 0;
        long calls = 0;
        for (String call : CALLS) {
            long count = sum(call + "_count");
            calls += count;
            millis += count * ours.getOrDefault(call + "_mean_ms", 0).doubleValue();
        }
        return calls == 0 ? 0 : (long) (millis / calls);
    }
}
