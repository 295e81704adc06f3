package io.zygotes.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * How one tree did on the calls of a trace, each of which got a new leaf.
 *
 * @param tree {@code none}, {@code default}, {@code fitted} or {@code auto}
 * @param calls how many calls were made in each round
 * @param firstMeanMs the mean of the first round, in which zygotes are made (and {@code auto} learns)
 * @param meanMs the mean of the second round, in milliseconds
 * @param p50Ms its median
 * @param p99Ms its 99th percentile
 * @param hits calls of the second round whose zygote was there
 * @param zygotes how many zygotes there were at the end
 * @param zygotesMb what the kernel charged them, in MiB
 * @param leafPrivateMb private memory of a leaf of the second round, in MiB (median)
 */
public record TreeRow(
        @JsonProperty("tree") String tree,
        @JsonProperty("calls") int calls,
        @JsonProperty("first_mean_ms") double firstMeanMs,
        @JsonProperty("mean_ms") double meanMs,
        @JsonProperty("p50_ms") double p50Ms,
        @JsonProperty("p99_ms") double p99Ms,
        @JsonProperty("hits") int hits,
        @JsonProperty("zygotes") int zygotes,
        @JsonProperty("zygotes_mb") double zygotesMb,
        @JsonProperty("leaf_private_mb") double leafPrivateMb) {

    private static final double BYTES_PER_MB = 1 << 20;

    /** What one round of calls showed. */
    record Round(List<Long> nanos, List<Long> privateBytes, int hits) {}

    static TreeRow of(String tree, Round first, Round second, int zygotes, long zygoteBytes) {
        Sample sample = new Sample(second.nanos());
        List<Long> bytes = second.privateBytes().stream().sorted().toList();
        return new TreeRow(
                tree,
                second.nanos().size(),
                rounded(new Sample(first.nanos()).meanMs()),
                rounded(sample.meanMs()),
                rounded(sample.p50Ms()),
                rounded(sample.p99Ms()),
                second.hits(),
                zygotes,
                rounded(zygoteBytes / BYTES_PER_MB),
                rounded(bytes.get(bytes.size() / 2) / BYTES_PER_MB));
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
