package io.zygotes.core.status;

import io.zygotes.core.function.Functions;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.MemoryBudget;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** All numbers of {@code /stats}: what was counted, and what is so now. Safe for use by many threads. */
public final class WorkerNumbers {

    private final Statistics statistics;
    private final SandboxPool pool;
    private final Functions functions;
    private final PackageStore packages;
    private final Optional<OutputLog> output;
    private final Optional<TraceLog> record;
    private final CacheView cache;
    private final long madeNanos = System.nanoTime();

    /**
     * @param statistics what was counted
     * @param pool knows of the memory
     * @param functions know of the leaves
     * @param packages knows what was installed
     * @param output the log of what lambdas print; empty if there is none
     * @param record the trace; empty if there is none
     * @param cache the import cache, with numbers of its own
     */
    public WorkerNumbers(
            Statistics statistics,
            SandboxPool pool,
            Functions functions,
            PackageStore packages,
            Optional<OutputLog> output,
            Optional<TraceLog> record,
            CacheView cache) {
        this.statistics = statistics;
        this.pool = pool;
        this.functions = functions;
        this.packages = packages;
        this.output = output;
        this.record = record;
        this.cache = cache;
    }

    /** As {@link #all}, and the same once more by OpenLambda's names where it has one. */
    public Map<String, Number> withOpenLambdas() {
        Map<String, Number> all = all();
        all.putAll(OpenLambdaNames.of(all));
        return all;
    }

    /** All numbers by name, in the order of the names; names are those of {@link StatisticNames}. */
    public Map<String, Number> all() {
        Map<String, Number> all = new TreeMap<>(statistics.snapshot());
        MemoryBudget memory = pool.memory();
        all.put(StatisticNames.MEMORY_TOTAL_BYTES, memory.totalBytes());
        all.put(StatisticNames.MEMORY_RESERVED_BYTES, memory.reservedBytes());
        all.put(StatisticNames.MEMORY_WAITING, pool.waiting());
        all.put(StatisticNames.UPTIME_MS, (System.nanoTime() - madeNanos) / 1_000_000);
        all.put(StatisticNames.LEAVES, functions.leaves());
        all.put(StatisticNames.PACKAGES_INSTALLED, packages.installedNow());
        Map<String, Long> refusals = pool.networkRefusals();
        all.put(
                StatisticNames.NETWORK_REFUSED,
                refusals.values().stream().mapToLong(Long::longValue).sum());
        refusals.forEach((lambda, count) -> all.merge(
                StatisticNames.networkRefused(lambda), count, (one, other) -> one.longValue() + other.longValue()));
        output.ifPresent(log -> all.put(StatisticNames.OUTPUT_LINES_LOST, log.dropped()));
        record.ifPresent(log -> all.put(StatisticNames.TRACE_LOST, log.lost()));
        cache.statistics().forEach((name, number) -> all.put(StatisticNames.cache(name), number));
        return all;
    }
}
