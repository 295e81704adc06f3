package io.zygotes.spi;

/**
 * What it costs to import one package when everything it depends on is imported already.
 *
 * @param millis wall time in milliseconds, at least 0
 * @param megabytes growth of the process's private memory in MiB, at least 0
 */
@Stability(Stability.Level.STABLE)
public record ImportCost(double millis, double megabytes) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is negative, infinite or not a number
     */
    public ImportCost {
        if (!(millis >= 0) || Double.isInfinite(millis) || !(megabytes >= 0) || Double.isInfinite(megabytes)) {
            throw new IllegalArgumentException("import cost out of range: " + millis + " ms, " + megabytes + " MiB");
        }
    }
}
