package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.bench.ColdTable.What;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * {@code bench cold}: how long a request takes for which a sandbox must be made, beside the floor of a bare fork.
 *
 * <p>Rounds of limit and hit take turns in small batches, so that what else the machine does meets both.
 */
final class ColdBench {

    private static final String TREE = "tree";
    private static final String NO_CACHE = "";
    /** Leaves that are forked ahead when spares are measured. */
    private static final int SPARES = 4;

    private final Workbench bench;
    private final int warmUp;
    private final int rounds;
    private final List<PackageSet> sets;
    private final Set<Part> parts;
    private final ColdTable table = new ColdTable();

    /** What can be measured by itself. */
    enum Part {
        /** The limit, hits, and their steps. */
        HIT,
        /** Hits for many clients at once. */
        CONCURRENT,
        /** Hits of a worker with spare leaves, beside the limit. */
        SPARE,
        /** Starts without zygotes. */
        NONE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param bench where to measure; closed by the caller
     * @param warmUp how many requests to make to each worker before that
     * @param rounds how many rounds of limit and hit to measure for each set and pace; of none a tenth, at least 3
     * @param sets the sets of packages to measure
     * @param parts what to measure
     */
    ColdBench(Workbench bench, int warmUp, int rounds, List<PackageSet> sets, Set<Part> parts) {
        this.bench = bench;
        this.warmUp = warmUp;
        this.rounds = rounds;
        this.sets = List.copyOf(sets);
        this.parts = Set.copyOf(parts);
    }

    /**
     * Measures.
     *
     * @throws Failure if a lambda fails, or there are not the zygotes that there should be
     * @throws Exception if a worker cannot be started
     */
    ColdReport run() throws Exception {
        bench.furnish(PackageSet.ALL, ConcurrentStarts.CLIENTS);
        Map<PackageSet, List<PackageInfo>> packages = new LinkedHashMap<>();
        double clientP50;
        List<ConcurrentRow> concurrent = new ArrayList<>();
        BenchWorker worker = bench.worker(TREE);
        try (KeepAlive connection = worker.connect()) {
            for (PackageSet set : sets) {
                packages.put(set, prepare(worker, connection, set));
            }
            ColdStarts starts = new ColdStarts(bench, worker, connection, rounds, table);
            starts.warmUp(sets.getFirst(), warmUp);
            clientP50 = starts.client(warmUp);
            if (parts.contains(Part.HIT)) {
                for (PackageSet set : sets) {
                    starts.hits(set, packages.get(set), What.HIT);
                }
            }
            if (parts.contains(Part.CONCURRENT)) {
                concurrent.addAll(concurrent(worker, packages));
            }
        }
        if (parts.contains(Part.SPARE)) {
            spares(packages);
        }
        if (parts.contains(Part.NONE)) {
            none();
        }
        return new ColdReport(
                table.rows(),
                new ColdReport.Concurrent(ConcurrentStarts.CLIENTS, ConcurrentStarts.FORKERS, concurrent),
                ColdTable.rounded(clientP50));
    }

    private List<ConcurrentRow> concurrent(BenchWorker worker, Map<PackageSet, List<PackageInfo>> packages)
            throws Exception {
        ConcurrentStarts starts = new ConcurrentStarts(bench, worker, rounds);
        starts.warmUp(sets.getFirst(), warmUp);
        List<ConcurrentRow> rows = new ArrayList<>();
        for (PackageSet set : sets) {
            rows.add(starts.measure(set, packages.get(set)));
        }
        return rows;
    }

    private void spares(Map<PackageSet, List<PackageInfo>> packages) throws Exception {
        bench.say("starting a worker with spare leaves");
        BenchWorker worker = bench.worker(TREE, config -> config.put("spare_leaves", SPARES));
        try (KeepAlive connection = worker.connect()) {
            for (PackageSet set : sets) {
                worker.prepare(connection, set.lambda(0));
                worker.dropAll(set.lambda(0));
            }
            ColdStarts starts = new ColdStarts(bench, worker, connection, rounds, table);
            starts.warmUp(sets.getFirst(), warmUp);
            for (PackageSet set : sets) {
                starts.hits(set, packages.get(set), What.SPARE);
            }
        }
    }

    private void none() throws Exception {
        BenchWorker worker = bench.worker(NO_CACHE);
        try (KeepAlive connection = worker.connect()) {
            ColdStarts starts = new ColdStarts(bench, worker, connection, rounds, table);
            for (PackageSet set : sets) {
                starts.none(set);
            }
        }
    }

    /** Installs packages, compiles, makes the zygotes; tells what the set's zygote has imported. */
    private List<PackageInfo> prepare(BenchWorker worker, KeepAlive connection, PackageSet set)
            throws IOException, Failure, InterruptedException {
        bench.say(set.name() + ": installing packages and making zygotes");
        for (int i = 0; i < ConcurrentStarts.CLIENTS; i++) {
            worker.prepare(connection, set.lambda(i));
        }
        List<PackageInfo> imports = worker.imports(worker.leaf(set.lambda(0)));
        for (int i = 0; i < ConcurrentStarts.CLIENTS; i++) {
            worker.dropAll(set.lambda(i));
        }
        return imports;
    }
}
