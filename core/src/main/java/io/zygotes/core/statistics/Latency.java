package io.zygotes.core.statistics;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Durations of one kind. Counts them in buckets that are 1/16 of a power of two wide, so a quantile is off by at most
 * 6 percent; memory is constant. Safe for use by many threads, without locks.
 */
public final class Latency {

    private static final int SUB_BITS = 4;
    private static final int SUBS = 1 << SUB_BITS;

    private final AtomicLongArray buckets = new AtomicLongArray((64 - SUB_BITS) * SUBS);
    private final LongAdder sumNanos = new LongAdder();

    /** Counts one duration. */
    public void record(long nanos) {
        long value = Math.max(nanos, 0);
        buckets.incrementAndGet(bucket(value));
        sumNanos.add(value);
    }

    /** Sums up what was counted so far. */
    public Summary summary() {
        long[] counts = new long[buckets.length()];
        long count = 0;
        for (int i = 0; i < counts.length; i++) {
            counts[i] = buckets.get(i);
            count += counts[i];
        }
        if (count == 0) {
            return new Summary(0, 0, 0, 0);
        }
        return new Summary(
                count,
                sumNanos.sum() / 1e6 / count,
                quantile(counts, (count + 1) / 2) / 1e6,
                quantile(counts, (long) Math.ceil(count * 0.99)) / 1e6);
    }

    private static double quantile(long[] counts, long rank) {
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= rank) {
                return middle(i);
            }
        }
        throw new IllegalArgumentException("rank " + rank + " of only " + seen);
    }

    /** Small values have a bucket each; above, the highest bits of the value are the bucket's number. */
    private static int bucket(long value) {
        if (value < SUBS) {
            return (int) value;
        }
        int shift = 63 - Long.numberOfLeadingZeros(value) - SUB_BITS;
        return (shift + 1) * SUBS + (int) (value >>> shift) - SUBS;
    }

    private static double middle(int bucket) {
        if (bucket < SUBS) {
            return bucket;
        }
        int shift = bucket / SUBS - 1;
        return (bucket % SUBS + SUBS + 0.5) * (1L << shift);
    }

    /**
     * What a {@link Latency} counted.
     *
     * @param count how many
     * @param meanMs their mean in milliseconds; 0 if there were none
     * @param p50Ms their median in milliseconds; 0 if there were none
     * @param p99Ms their 99th percentile in milliseconds; 0 if there were none
     */
    public record Summary(long count, double meanMs, double p50Ms, double p99Ms) {}
}
