package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * How the calls of a trace went under one tree.
 *
 * @param tree {@code none}, {@code default}, {@code fitted} or {@code auto}
 * @param round 1 with a worker that has just started; in the next ones its zygotes are there, and no leaves
 * @param calls how many calls were answered
 * @param failed how many were not, or with an error; in none of the other numbers
 * @param meanMs mean time from request to answer, in milliseconds
 * @param p50Ms its median
 * @param p99Ms its 99th percentile
 * @param warmShare share of the calls that found a leaf of their lambda, 0 to 1
 * @param hitShare share of those whose leaf was forked from a zygote that was there
 * @param coldShare share of those that waited for a zygote, too, or had none
 * @param zygotes how many zygotes there were at the end of the round
 * @param zygotesMb what the kernel charged them, in MiB
 * @param leaves how many leaves there were at the end of the round
 * @param leavesMb what the kernel charged them, in MiB
 * @param leafPrivateMb memory that such a leaf shares with nobody, in MiB (median)
 */
record TreeRow(
        @JsonProperty("tree") String tree,
        @JsonProperty("round") int round,
        @JsonProperty("calls") int calls,
        @JsonProperty("failed") int failed,
        @JsonProperty("mean_ms") double meanMs,
        @JsonProperty("p50_ms") double p50Ms,
        @JsonProperty("p99_ms") double p99Ms,
        @JsonProperty("warm_share") double warmShare,
        @JsonProperty("hit_share") double hitShare,
        @JsonProperty("cold_share") double coldShare,
        @JsonProperty("zygotes") int zygotes,
        @JsonProperty("zygotes_mb") double zygotesMb,
        @JsonProperty("leaves") int leaves,
        @JsonProperty("leaves_mb") double leavesMb,
        @JsonProperty("leaf_private_mb") double leafPrivateMb) {

    private static final double BYTES_PER_MB = 1 << 20;

    static TreeRow of(String tree, int round, Replay.Outcome outcome, SandboxMemory memory) {
        Sample sample = new Sample(outcome.nanos());
        int calls = outcome.nanos().size();
        return new TreeRow(
                tree,
                round,
                calls,
                outcome.failed(),
                rounded(sample.meanMs()),
                rounded(sample.p50Ms()),
                rounded(sample.p99Ms()),
                share(outcome, "warm"),
                share(outcome, "hit"),
                share(outcome, "cold"),
                memory.zygotes(),
                rounded(memory.zygoteBytes() / BYTES_PER_MB),
                memory.leaves(),
                rounded(memory.leafBytes() / BYTES_PER_MB),
                rounded(memory.privateBytesOfALeaf() / BYTES_PER_MB));
    }

    private static double share(Replay.Outcome outcome, String start) {
        return Math.round(1000.0
                        * outcome.starts().getOrDefault(start, 0)
                        / outcome.nanos().size())
                / 1000.0;
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
