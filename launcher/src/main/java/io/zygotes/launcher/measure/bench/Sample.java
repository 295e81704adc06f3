package io.zygotes.launcher.measure.bench;

import java.util.List;

/**
 * Durations of one kind.
 *
 * @param nanos in nanoseconds, in any order; at least one
 */
record Sample(List<Long> nanos) {

    private static final double NANOS_PER_MILLI = 1e6;

    Sample {
        nanos = nanos.stream().sorted().toList();
        if (nanos.isEmpty()) {
            throw new IllegalArgumentException("no durations, so there is nothing to sum up");
        }
    }

    /** The median in milliseconds. */
    double p50Ms() {
        return quantileMs(0.5);
    }

    /** The 99th percentile in milliseconds; the longest one of fewer than a hundred. */
    double p99Ms() {
        return quantileMs(0.99);
    }

    /** The mean in milliseconds. */
    double meanMs() {
        return nanos.stream().mapToLong(Long::longValue).average().orElseThrow() / NANOS_PER_MILLI;
    }

    /** The smallest duration that is not shorter than this share of all of them (nearest rank). */
    private double quantileMs(double share) {
        int rank = (int) Math.ceil(share * nanos.size());
        return nanos.get(Math.max(rank, 1) - 1) / NANOS_PER_MILLI;
    }
}
