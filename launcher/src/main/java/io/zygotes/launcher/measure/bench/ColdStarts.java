package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.bench.ColdTable.What;
import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests of one client for which a sandbox is made, one after the other, each with its leaf destroyed before the next
 * one. For one thread.
 */
final class ColdStarts {

    private static final int WARM_UP_SET = 20;
    /** A round that found no zygote is repeated, but not for ever. */
    private static final int MOST_MISSES = 50;

    private final Workbench bench;
    private final BenchWorker worker;
    private final KeepAlive connection;
    private final int rounds;
    private final ColdTable table;

    /**
     * @param bench says what is done now, and starts the limit
     * @param worker whom to ask
     * @param connection to that worker; closed by the caller
     * @param rounds how many rounds to measure for each set and pace
     * @param table gets what was measured
     */
    ColdStarts(Workbench bench, BenchWorker worker, KeepAlive connection, int rounds, ColdTable table) {
        this.bench = bench;
        this.worker = worker;
        this.connection = connection;
        this.rounds = rounds;
        this.table = table;
    }

    /**
     * The worker's Java code is interpreted at first, and then compiled, which takes a processor from what is measured.
     *
     * @param times how many requests to make
     */
    void warmUp(PackageSet set, int times) throws IOException, Failure, InterruptedException {
        bench.say("warming up");
        for (int i = 0; i < times; i++) {
            start(set.lambda(0), "hit");
        }
    }

    /** The median of so many requests that need no sandbox, in milliseconds. */
    double client(int times) throws IOException {
        byte[] question = KeepAlive.get("/status");
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            long start = System.nanoTime();
            connection.send(question);
            nanos.add(System.nanoTime() - start);
        }
        return new Sample(nanos).p50Ms();
    }

    /** Measures hits, and the limit beside them; of a worker with spares, beside the same rest of the machine. */
    void hits(PackageSet set, List<PackageInfo> packages, What what) throws Exception {
        String lambda = set.lambda(0);
        try (LimitProcess limit = bench.limit(set, packages)) {
            limit.rounds(WARM_UP_SET, 0);
            for (int i = 0; i < WARM_UP_SET; i++) {
                start(lambda, "hit");
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
                        Started hit = start(lambda, "hit");
                        table.add(set, pace, what, hit.nanos());
                        if (what == What.HIT) {
                            table.addSteps(set, pace, hit.steps());
                        }
                    }
                }
            }
        }
    }

    /** Measures starts of a worker without zygotes: a tenth of the rounds, for they take long. */
    void none(PackageSet set) throws Exception {
        String lambda = set.lambda(0);
        start(lambda, "cold");
        for (Pace pace : Pace.values()) {
            bench.say(set.name() + ": without zygotes, " + pace);
            for (int i = 0; i < Math.clamp(rounds / 10, Math.min(rounds, 3), rounds); i++) {
                Thread.sleep(pace.restMillis());
                table.add(set, pace, What.NONE, start(lambda, "cold").nanos());
            }
        }
    }

    /**
     * A request for which a sandbox was made.
     *
     * @param nanos from the request to its answer, in nanoseconds
     * @param steps the steps of making the sandbox
     */
    private record Started(long nanos, CreationSteps steps) {}

    /** Asks a lambda that has no leaf, and destroys the leaf afterwards. */
    private Started start(String lambda, String how) throws IOException, Failure, InterruptedException {
        byte[] request = KeepAlive.call(lambda, BenchWorker.EVENT);
        for (int i = 0; i < MOST_MISSES; i++) {
            long start = System.nanoTime();
            KeepAlive.Answer answer = connection.send(request);
            long nanos = System.nanoTime() - start;
            BenchWorker.check(lambda, answer);
            CreationSteps steps = worker.leaf(lambda).creation();
            worker.dropAll(lambda);
            if (answer.start().equals(how)) {
                return new Started(nanos, steps);
            }
        }
        throw new Failure("none of " + MOST_MISSES + " calls of " + lambda + " started a sandbox as \"" + how
                + "\"; is mem_pool_mb too small for this machine, so that zygotes are evicted?");
    }
}
