package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Requests of many clients at once for which sandboxes are made, beside bare Python processes that fork. */
final class ConcurrentStarts {

    /** How many clients ask at once. */
    static final int CLIENTS = 8;
    /** How many bare processes fork at once. */
    static final int FORKERS = 2;

    /** Turns that limit and worker take. */
    private static final int TURNS = 4;

    private final Workbench bench;
    private final BenchWorker worker;
    private final int rounds;

    /**
     * @param bench says what is done now, and starts the limit
     * @param worker whom to ask
     * @param rounds how many requests each client makes, in all turns together
     */
    ConcurrentStarts(Workbench bench, BenchWorker worker, int rounds) {
        this.bench = bench;
        this.worker = worker;
        this.rounds = rounds;
    }

    /** As {@link ColdStarts#warmUp}: with many threads other code runs, and code runs in other ways. */
    void warmUp(PackageSet set, int times) throws Exception {
        bench.say("warming up with " + CLIENTS + " clients");
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            leaves(threads, set, Math.max(times / CLIENTS, 1));
        }
    }

    /** Measures a set whose packages are imported by the limit in this order. */
    ConcurrentRow measure(PackageSet set, List<PackageInfo> packages) throws Exception {
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
                double leavesPerS = leaves(threads, set, each);
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

    /**
     * Leaves a second, until the last one is gone again. Each client has a lambda of its own: it never finds a leaf.
     */
    private double leaves(ExecutorService threads, PackageSet set, int each) throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<List<Leaf>>> working = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            String lambda = set.lambda(i);
            KeepAlive connection = worker.connect();
            Callable<List<Leaf>> client = () -> {
                try (connection) {
                    start.await();
                    return startMany(connection, lambda, each);
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

    private List<Leaf> startMany(KeepAlive connection, String lambda, int count) throws IOException, Failure {
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
