package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.bench.ColdTable.What;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * {@code bench cold}: how long a request takes for which a sandbox must be made, beside the floor of a bare fork.
 *
 * <p>Rounds of limit and hit take turns in small batches, so that what else the machine does meets both.
 */
final class ColdBench {

    private static final String TREE = "tree";
    private static final String NO_CACHE = "";
    /** The worker's Java code is interpreted at first. */
    private static final int WARM_UP = 3000;

    private static final int WARM_UP_SET = 20;
    private static final int CLIENTS = 8;
    /** Leaves that are forked ahead when spares are measured. */
    private static final int SPARES = 4;

    private static final int FORKERS = 2;
    /** Turns that limit and worker take when many clients ask at once. */
    private static final int TURNS = 4;
    /** A round that found no zygote is repeated, but not for ever. */
    private static final int MOST_MISSES = 50;

    private final Workbench bench;
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
     * @param rounds how many rounds of limit and hit to measure for each set and pace; of none a tenth, at least 3
     * @param sets the sets of packages to measure
     * @param parts what to measure
     */
    ColdBench(Workbench bench, int rounds, List<PackageSet> sets, Set<Part> parts) {
        this.bench = bench;
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
        bench.furnish(PackageSet.ALL, CLIENTS);
        Map<PackageSet, List<PackageInfo>> packages = new LinkedHashMap<>();
        double clientP50;
        List<ConcurrentRow> concurrent = new ArrayList<>();
        BenchWorker worker = bench.worker(TREE);
        try (KeepAlive connection = worker.connect()) {
            for (PackageSet set : sets) {
                packages.put(set, prepare(worker, connection, set));
            }
            warmUp(worker, connection);
            clientP50 = client(connection);
            for (PackageSet set : sets(Part.HIT)) {
                hits(worker, connection, set, packages.get(set), What.HIT);
            }
            if (parts.contains(Part.CONCURRENT)) {
                warmUpAtOnce(worker);
            }
            for (PackageSet set : sets(Part.CONCURRENT)) {
                concurrent.add(concurrent(worker, set, packages.get(set)));
            }
        }
        if (parts.contains(Part.SPARE)) {
            spares(packages);
        }
        if (parts.contains(Part.NONE)) {
            none();
        }
        return new ColdReport(
                table.rows(), new ColdReport.Concurrent(CLIENTS, FORKERS, concurrent), ColdTable.rounded(clientP50));
    }

    private List<PackageSet> sets(Part part) {
        return parts.contains(part) ? sets : List.of();
    }

    /** Until Java's compilers have little left to do: they take a processor from what is measured. */
    private void warmUp(BenchWorker worker, KeepAlive connection) throws IOException, Failure, InterruptedException {
        bench.say("warming up");
        for (int i = 0; i < WARM_UP; i++) {
            start(worker, connection, sets.getFirst().lambda(0), "hit");
        }
    }

    private void spares(Map<PackageSet, List<PackageInfo>> packages) throws Exception {
        bench.say("starting a worker with spare leaves");
        BenchWorker worker = bench.worker(TREE, config -> config.put("spare_leaves", SPARES));
        try (KeepAlive connection = worker.connect()) {
            for (PackageSet set : sets) {
                worker.prepare(connection, set.lambda(0));
                worker.dropAll(set.lambda(0));
            }
            warmUp(worker, connection);
            for (PackageSet set : sets) {
                hits(worker, connection, set, packages.get(set), What.SPARE);
            }
        }
    }

    private void none() throws Exception {
        BenchWorker worker = bench.worker(NO_CACHE);
        try (KeepAlive connection = worker.connect()) {
            for (PackageSet set : sets) {
                none(worker, connection, set);
            }
        }
    }

    /** Installs packages, compiles, makes the zygotes; tells what the set's zygote has imported. */
    private List<PackageInfo> prepare(BenchWorker worker, KeepAlive connection, PackageSet set)
            throws IOException, Failure, InterruptedException {
        bench.say(set.name() + ": installing packages and making zygotes");
        for (int i = 0; i < CLIENTS; i++) {
            worker.prepare(connection, set.lambda(i));
        }
        List<PackageInfo> imports = worker.imports(worker.leaf(set.lambda(0)));
        for (int i = 0; i < CLIENTS; i++) {
            worker.dropAll(set.lambda(i));
        }
        return imports;
    }

    private double client(KeepAlive connection) throws IOException {
        byte[] question = KeepAlive.get("/status");
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < WARM_UP; i++) {
            long start = System.nanoTime();
            connection.send(question);
            nanos.add(System.nanoTime() - start);
        }
        return new Sample(nanos).p50Ms();
    }

    /** Measures hits, and the limit beside them; of a worker with spares, beside the same rest of the machine. */
    private void hits(BenchWorker worker, KeepAlive connection, PackageSet set, List<PackageInfo> packages, What what)
            throws Exception {
        String lambda = set.lambda(0);
        try (LimitProcess limit = bench.limit(set, packages)) {
            limit.rounds(WARM_UP_SET, 0);
            for (int i = 0; i < WARM_UP_SET; i++) {
                start(worker, connection, lambda, "hit");
            }
            for (Pace pace : Pace.values()) {
                bench.say(set.name() + ": limit and " + (what == What.HIT ? "hit, " : "hit with spares, ") + pace);
                for (int done = 0; done < rounds; done += pace.batch()) {
                    int batch = Math.min(pace.batch(), rounds - done);
                    table.addLimit(
                            set,
                            pace,
                            what,
                            limit.rounds(batch, pace.restMillis()).nanos());
                    for (int i = 0; i < batch; i++) {
                        Thread.sleep(pace.restMillis());
                        Started hit = start(worker, connection, lambda, "hit");
                        table.add(set, pace, what, hit.nanos());
                        if (what == What.HIT) {
                            table.addSteps(set, pace, hit.steps());
                        }
                    }
                }
            }
        }
    }

    private void none(BenchWorker worker, KeepAlive connection, PackageSet set) throws Exception {
        String lambda = set.lambda(0);
        start(worker, connection, lambda, "cold");
        for (Pace pace : Pace.values()) {
            bench.say(set.name() + ": without zygotes, " + pace);
            for (int i = 0; i < Math.clamp(rounds / 10, Math.min(rounds, 3), rounds); i++) {
                Thread.sleep(pace.restMillis());
                table.add(
                        set,
                        pace,
                        What.NONE,
                        start(worker, connection, lambda, "cold").nanos());
            }
        }
    }

    /**
     * A request for which a sandbox was made.
     *
     * @param nanos from the request to its answer, in nanoseconds
     * @param steps the steps of making the sandbox
     */
    private record Started(long nanos, Map<String, Long> steps) {}

    /** Asks a lambda that has no leaf, and destroys the leaf afterwards. */
    private static Started start(BenchWorker worker, KeepAlive connection, String lambda, String how)
            throws IOException, Failure, InterruptedException {
        byte[] request = KeepAlive.call(lambda, BenchWorker.EVENT);
        for (int i = 0; i < MOST_MISSES; i++) {
            long start = System.nanoTime();
            KeepAlive.Answer answer = connection.send(request);
            long nanos = System.nanoTime() - start;
            BenchWorker.check(lambda, answer);
            Map<String, Long> steps = worker.leaf(lambda).creationNanos();
            worker.dropAll(lambda);
            if (answer.start().equals(how)) {
                return new Started(nanos, steps);
            }
        }
        throw new Failure("none of " + MOST_MISSES + " calls of " + lambda + " started a sandbox as \"" + how
                + "\"; is mem_pool_mb too small for this machine, so that zygotes are evicted?");
    }

    /** As {@link #warmUp}: with many threads other code runs, and code runs in other ways. */
    private void warmUpAtOnce(BenchWorker worker) throws Exception {
        bench.say("warming up with " + CLIENTS + " clients");
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            leaves(threads, worker, sets.getFirst(), WARM_UP / CLIENTS);
        }
    }

    private ConcurrentRow concurrent(BenchWorker worker, PackageSet set, List<PackageInfo> packages) throws Exception {
        bench.say(set.name() + ": " + CLIENTS + " clients at once");
        int each = Math.max(rounds / TURNS, 1);
        double limit = 0;
        double leaves = 0;
        List<LimitProcess> forkers = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            for (int i = 0; i < FORKERS; i++) {
                forkers.add(bench.limit(set, packages));
            }
            // The first turn of each is for warming up.
            for (int turn = 0; turn <= TURNS; turn++) {
                double forksPerS = forks(threads, forkers, each * CLIENTS / FORKERS);
                double leavesPerS = leaves(threads, worker, set, each);
                limit += turn == 0 ? 0 : forksPerS;
                leaves += turn == 0 ? 0 : leavesPerS;
            }
        } finally {
            forkers.forEach(LimitProcess::close);
        }
        return new ConcurrentRow(
                set.name(),
                ColdTable.rounded(leaves / TURNS),
                ColdTable.rounded(limit / TURNS),
                ColdTable.rounded(leaves / limit));
    }

    /** Children a second of all forkers together. */
    private static double forks(ExecutorService threads, List<LimitProcess> forkers, int each) throws Exception {
        List<Future<LimitProcess.Rounds>> working = new ArrayList<>();
        for (LimitProcess forker : forkers) {
            working.add(threads.submit(() -> forker.rounds(each, 0)));
        }
        double perS = 0;
        for (Future<LimitProcess.Rounds> future : working) {
            perS += each * 1e9 / result(future).elapsedNanos();
        }
        return perS;
    }

    /** Leaves a second, until the last one is gone again. Each client has a lambda of its own: it never finds a leaf. */
    private static double leaves(ExecutorService threads, BenchWorker worker, PackageSet set, int each)
            throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<List<Leaf>>> working = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            String lambda = set.lambda(i);
            KeepAlive connection = worker.connect();
            Callable<List<Leaf>> client = () -> {
                try (connection) {
                    start.await();
                    return startMany(worker, connection, lambda, each);
                }
            };
            working.add(threads.submit(client));
        }
        long begin = System.nanoTime();
        start.countDown();
        for (Future<List<Leaf>> future : working) {
            BenchWorker.awaitGone(result(future));
        }
        return CLIENTS * each * 1e9 / (System.nanoTime() - begin);
    }

    private static List<Leaf> startMany(BenchWorker worker, KeepAlive connection, String lambda, int count)
            throws IOException, Failure {
        List<Leaf> dropped = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            KeepAlive.Answer answer = BenchWorker.call(connection, lambda);
            if (!answer.start().equals("hit")) {
                throw new Failure("a call of " + lambda + " found no zygote but was \"" + answer.start()
                        + "\"; is mem_pool_mb too small for " + CLIENTS + " leaves at once?");
            }
            dropped.addAll(worker.drop(lambda));
        }
        return dropped;
    }

    private static <T> T result(Future<T> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }
}
