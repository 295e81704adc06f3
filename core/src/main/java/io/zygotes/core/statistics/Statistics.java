package io.zygotes.core.statistics;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * The worker's counters and latencies by name, as {@link StatisticNames} has them. Names appear with their first use.
 * Safe for use by many threads.
 */
public final class Statistics {

    private final Map<String, LongAdder> counters = new ConcurrentHashMap<>();
    private final Map<String, Latency> latencies = new ConcurrentHashMap<>();

    /**
     * Counts one.
     *
     * @throws IllegalArgumentException if it is no name: lower-case letters, digits and {@code _}, a letter first
     */
    public void count(String name) {
        counter(name).increment();
    }

    /**
     * The counter of that name; keep it where it is used often.
     *
     * @throws IllegalArgumentException as {@link #count}
     */
    public LongAdder counter(String name) {
        return counters.computeIfAbsent(name, Statistics::newCounter);
    }

    /**
     * The latency of that name; keep it where it is used often.
     *
     * @throws IllegalArgumentException as {@link #count}
     */
    public Latency latency(String name) {
        return latencies.computeIfAbsent(name, Statistics::newLatency);
    }

    /** A name is checked when it comes for the first time, so that counting costs no more than before. */
    private static LongAdder newCounter(String name) {
        StatisticNames.check(name);
        return new LongAdder();
    }

    private static Latency newLatency(String name) {
        StatisticNames.check(name);
        return new Latency();
    }

    /**
     * Everything as one flat map in the order of the names: each counter, and of each latency {@code name_count},
     * {@code name_mean_ms}, {@code name_p50_ms} and {@code name_p99_ms}.
     */
    public Map<String, Number> snapshot() {
        Map<String, Number> all = new TreeMap<>();
        counters.forEach((name, counter) -> all.put(name, counter.sum()));
        latencies.forEach((name, latency) -> {
            Latency.Summary summary = latency.summary();
            all.put(name + "_count", summary.count());
            all.put(name + "_mean_ms", rounded(summary.meanMs()));
            all.put(name + "_p50_ms", rounded(summary.p50Ms()));
            all.put(name + "_p99_ms", rounded(summary.p99Ms()));
        });
        return all;
    }

    private static double rounded(double millis) {
        return Math.round(millis * 1000) / 1000.0;
    }
}
