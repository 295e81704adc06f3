package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.Sandbox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** {@code bench memory}: what one more leaf with pandas costs, and how many fit into a given memory. */
final class MemoryBench {

    private static final double BYTES_PER_MB = 1 << 20;
    private static final int FORKED_LEAVES = 24;
    /** Fewer: each is many times as large. */
    private static final int FRESH_LEAVES = 4;

    private static final int SETTLE_MILLIS = 500;

    private final Workbench bench;
    private final int memoryMb;

    private record Measured(double privateMb, MemoryReport.Charges charges) {}

    /**
     * @param bench where to measure; closed by the caller
     * @param memoryMb the given memory in MiB
     */
    MemoryBench(Workbench bench, int memoryMb) {
        this.bench = bench;
        this.memoryMb = memoryMb;
    }

    /**
     * Measures.
     *
     * @throws Failure if a lambda fails
     * @throws Exception if a worker cannot be started
     */
    MemoryReport run() throws Exception {
        bench.furnish(List.of(PackageSet.PANDAS), FORKED_LEAVES);
        Measured with = measure("tree", FORKED_LEAVES);
        Measured without = measure("", FRESH_LEAVES);
        return MemoryReport.of(with.privateMb(), without.privateMb(), with.charges(), without.charges(), memoryMb);
    }

    /** Makes the leaves, each of a lambda of its own, and looks at them while all are there. */
    private Measured measure(String importCache, int count) throws Exception {
        BenchWorker worker = bench.worker(importCache);
        try (KeepAlive connection = worker.connect()) {
            bench.say("installing packages" + (importCache.isEmpty() ? "" : " and making zygotes"));
            for (int i = 0; i < count; i++) {
                // Without this the compilation of some would run while others are measured.
                worker.prepare(connection, PackageSet.PANDAS.lambda(i));
                worker.dropAll(PackageSet.PANDAS.lambda(i));
            }
            bench.say("making " + count + " leaves");
            // What was just freed comes back within some moments.
            Thread.sleep(SETTLE_MILLIS);
            double zygotes = charged(worker.zygotes());
            double before = availableMb();
            List<Leaf> leaves = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                BenchWorker.call(connection, PackageSet.PANDAS.lambda(i));
                leaves.add(worker.leaf(PackageSet.PANDAS.lambda(i)));
            }
            Thread.sleep(SETTLE_MILLIS);
            double each = (before - availableMb()) / count;
            double grown = charged(leaves) + charged(worker.zygotes()) - zygotes;
            List<Long> privateBytes =
                    leaves.stream().map(Leaf::privateBytes).sorted().toList();
            MemoryReport.Charges charges = MemoryReport.Charges.of(count, grown, zygotes, each, memoryMb);
            for (Leaf leaf : leaves) {
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

    private static double availableMb() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/meminfo"))) {
            return lines.filter(line -> line.startsWith("MemAvailable:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                            .findFirst()
                            .orElseThrow(() -> new IOException("/proc/meminfo does not say MemAvailable"))
                    / 1024.0;
        }
    }
}
