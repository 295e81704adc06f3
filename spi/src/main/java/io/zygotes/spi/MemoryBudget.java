package io.zygotes.spi;

/**
 * The worker's memory for sandboxes at one moment, in bytes.
 *
 * @param totalBytes {@code mem_pool_mb}
 * @param reservedBytes what the sandboxes that exist may use at the most; never more than {@code totalBytes}
 */
@Stability(Stability.Level.STABLE)
public record MemoryBudget(long totalBytes, long reservedBytes) {

    /** What is left for more sandboxes without evicting one. */
    public long freeBytes() {
        return totalBytes - reservedBytes;
    }
}
