package io.zygotes.spi;

/**
 * What a sandbox may use at the most.
 *
 * @param memMb memory in MiB, files in {@code /tmp} included; at least 1
 * @param procs processes and threads; at least 1
 * @param cpuPercent processor time in percent of one core; 100 is one core, 200 two; at least 1
 * @param swappiness 0 to 100; 0 keeps the sandbox off swap
 * @param runtimeSec seconds that one call (or one job) may take; at least 1
 * @param openFiles file descriptors that one process may hold; at least 16
 * @param tmpMb size of {@code /tmp} and {@code /host} together in MiB; at least 1
 */
@Stability(Stability.Level.STABLE)
public record Limits(int memMb, int procs, int cpuPercent, int swappiness, int runtimeSec, int openFiles, int tmpMb) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the limit that is out of range, by its name in {@code config.json}
     */
    public Limits {
        atLeast("mem_mb", memMb, 1);
        atLeast("procs", procs, 1);
        atLeast("cpu_percent", cpuPercent, 1);
        atLeast("swappiness", swappiness, 0);
        if (swappiness > 100) {
            throw new IllegalArgumentException("swappiness is " + swappiness + ", it must be at most 100");
        }
        atLeast("runtime_sec", runtimeSec, 1);
        atLeast("open_files", openFiles, 16);
        atLeast("tmp_mb", tmpMb, 1);
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ", it must be at least " + least);
        }
    }
}
