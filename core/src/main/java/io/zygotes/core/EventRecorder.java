package io.zygotes.core;

import io.zygotes.core.config.WorkerConfig.Trace;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.PoolListener;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.pool.ZygoteModules;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;

/** Writes down what happens in the pool: in the statistics, in the log, and in the record of calls. */
final class EventRecorder implements PoolListener {

    private static final Logger LOG = System.getLogger(EventRecorder.class.getName());

    private final Statistics statistics;
    private final PackageStore packages;
    private final ZygoteModules modules;
    private final SandboxPool pool;
    private final Trace trace;
    private final Optional<TraceLog> record;

    EventRecorder(
            Statistics statistics, PackageStore packages, SandboxPool pool, Trace trace, Optional<TraceLog> record) {
        this.statistics = statistics;
        this.packages = packages;
        this.modules = new ModulesOfZygotes(packages.modules());
        this.pool = pool;
        this.trace = trace;
        this.record = record;
    }

    @Override
    public void onEvent(SandboxEvent event) {
        statistics.count(
                event.sandbox() instanceof Leaf
                        ? StatisticNames.leaves(event.kind())
                        : StatisticNames.zygotes(event.kind()));
        if (trace.evictor() && event.kind() == SandboxEvent.Kind.EVICTED) {
            LOG.log(Level.INFO, "evicted " + event.sandbox().id());
        }
        if (trace.memory()) {
            MemoryBudget memory = pool.memory();
            LOG.log(
                    Level.INFO,
                    event.sandbox().id() + " " + event.kind() + ": " + (memory.reservedBytes() >> 20) + " of "
                            + (memory.totalBytes() >> 20) + " MiB reserved");
        }
    }

    @Override
    public void onUnfit(Map<PackageId, String> reasons) {
        reasons.keySet().forEach(id -> statistics.count(StatisticNames.PACKAGES_UNFIT));
        packages.learnUnfit(reasons);
    }

    @Override
    public ZygoteModules modules() {
        return modules;
    }

    @Override
    public void onImportCosts(Map<PackageId, ImportCost> costs) {
        packages.learnCosts(costs);
        record.ifPresent(log -> log.measured(costs));
    }
}
