package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.Sandbox;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** {@code bench memory}: what one more leaf costs, and how many fit into a given memory. */
final class MemoryBench {

    private static final double BYTES_PER_MB = 1 << 20;
    /** Fewer: each is many times as large. */
    private static final int FRESH_LEAVES = 4;

    private static final int SETTLE_MILLIS = 500;

    private final Workbench bench;
    private final PackageSet set;
    private final int leaves;
    private final int memoryMb;

    private record Measured(double privateMb, MemoryReport.Charges charges) {}

    /**
     * @param bench where to measure; closed by the caller
     * @param set what the leaves import
     * @param leaves how many are forked
     * @param memoryMb the given memory in MiB
     */
    MemoryBench(Workbench bench, PackageSet set, int leaves, int memoryMb) {
        this.bench = bench;
        this.set = set;
        this.leaves = leaves;
        this.memoryMb = memoryMb;
    }

    /**
     * Measures.
     *
     * @throws Failure if a lambda fails
     * @throws Exception if a worker cannot be started
     */
    MemoryReport run() throws Exception {
        bench.furnish(List.of(set), Math.max(leaves, FRESH_LEAVES));
        Measured with = measure("tree", leaves);
        Measured without = measure("", FRESH_LEAVES);
        return MemoryReport.of(
                set.name(), with.privateMb(), without.privateMb(), with.charges(), without.charges(), memoryMb);
    }

    /** Makes the leaves, each of a lambda of its own, and looks at them while all are there. */
    private Measured measure(String importCache, int count) throws Exception {
        BenchWorker worker = bench.worker(importCache);
        try (KeepAlive connection = worker.connect()) {
            bench.say("installing packages" + (importCache.isEmpty() ? "" : " and making zygotes"));
            for (int i = 0; i < count; i++) {
                // Without this the compilation of some would run while others are measured.
                worker.prepare(connection, set.lambda(i));
                worker.dropAll(set.lambda(i));
            }
            bench.say("making " + count + " leaves");
            // What was just freed comes back within some moments.
            Thread.sleep(SETTLE_MILLIS);
            double zygotes = charged(worker.zygotes());
            MachineMemory before = MachineMemory.now();
            List<Leaf> made = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                BenchWorker.call(connection, set.lambda(i));
                made.add(worker.leaf(set.lambda(i)));
            }
            Thread.sleep(SETTLE_MILLIS);
            MachineMemory each = before.takenByEach(MachineMemory.now(), count);
            double grown = charged(made) + charged(worker.zygotes()) - zygotes;
            List<Long> privateBytes =
                    made.stream().map(Leaf::privateBytes).sorted().toList();
            MemoryReport.Charges charges = MemoryReport.Charges.of(count, grown, zygotes, each, memoryMb);
            for (Leaf leaf : made) {
                if (!leaf.alive()) {
                    throw new Failure("the leaf " + leaf.id() + " was evicted while it was measured; is mem_pool_mb"
                            + " too small for " + count + " leaves?");
                }
            }
            return new Measured(privateBytes.get(count / 2) / BYTES_PER_MB, charges);
        }
    }

    private static double charged(Collection<? extends Sandbox> sandboxes) {
        return sandboxes.stream().mapToLong(Sandbox::memoryBytes).sum() / BYTES_PER_MB;
    }
}
