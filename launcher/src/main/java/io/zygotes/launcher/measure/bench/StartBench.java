package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code bench start}: how long first calls of ordinary functions take, beside the floor of a process that has called
 * them.
 *
 * <p>Each function is there several times under several names. Some are called before the worker is started anew: it
 * may learn from them what functions of their kind need. What is measured is another one.
 */
final class StartBench {

    private static final String TREE = "tree";
    private static final String NO_CACHE = "";
    /** Lambdas of each function that are called before, each once. */
    private static final int SEEN = 3;
    /** The lambda that is measured, and the one that has a zygote of its own. */
    private static final String MEASURED = "measured", WITH_ZYGOTE = "function";
    /** Calls for which its zygote may be made meanwhile. */
    private static final int MOST_MISSES = 20;

    private static final int REST_MILLIS = 20;

    private final Workbench bench;
    private final int rounds;
    private final List<StartFunction> functions;
    private final Map<StartFunction, StartTimes> times = new LinkedHashMap<>();

    /**
     * @param bench where to measure; closed by the caller
     * @param rounds how many calls of each kind to measure; of those without zygotes a quarter, at least 3
     * @param functions what to measure
     */
    StartBench(Workbench bench, int rounds, List<StartFunction> functions) {
        this.bench = bench;
        this.rounds = rounds;
        this.functions = List.copyOf(functions);
        functions.forEach(function -> times.put(function, new StartTimes()));
    }

    /** One function's part of the measurement. */
    @FunctionalInterface
    private interface Part {
        void measure(BenchWorker worker, KeepAlive connection, StartFunction function) throws Exception;
    }

    /**
     * Measures. A function that fails is left out, with the reason.
     *
     * @throws Exception if a worker cannot be started
     */
    StartReport run() throws Exception {
        bench.furnish(StartFunction.tree(functions).getBytes(StandardCharsets.UTF_8));
        for (StartFunction function : functions) {
            function.install(bench, MEASURED);
            for (int i = 0; i < SEEN; i++) {
                function.install(bench, Integer.toString(i));
            }
        }
        each(bench.worker(NO_CACHE), this::none);
        each(bench.worker(TREE), StartBench::see);
        each(bench.worker(TREE), this::hits);
        List<StartRow> rows = new ArrayList<>();
        times.forEach((function, measured) -> rows.add(measured.row(function)));
        return StartReport.of(rounds, rows);
    }

    private void each(BenchWorker worker, Part part) throws Exception {
        try (KeepAlive connection = worker.connect()) {
            for (StartFunction function : functions) {
                if (!times.get(function).isLeftOut()) {
                    bench.say(function.name());
                    try {
                        part.measure(worker, connection, function);
                    } catch (Failure e) {
                        times.get(function).leaveOut(e.getMessage());
                    }
                }
            }
        }
    }

    private void none(BenchWorker worker, KeepAlive connection, StartFunction function) throws Exception {
        String lambda = function.lambda(MEASURED);
        worker.prepare(connection, lambda);
        for (int i = 0; i < Math.clamp(rounds / 4, Math.min(rounds, 3), rounds); i++) {
            worker.dropAll(lambda);
            times.get(function).add(StartTimes.What.NONE, timed(connection, lambda, "cold"));
        }
        worker.dropAll(lambda);
    }

    /** Lets the worker see what functions of this kind need. */
    private static void see(BenchWorker worker, KeepAlive connection, StartFunction function) throws Exception {
        for (int i = 0; i < SEEN; i++) {
            worker.prepare(connection, function.lambda(Integer.toString(i)));
            worker.dropAll(function.lambda(Integer.toString(i)));
        }
    }

    private void hits(BenchWorker worker, KeepAlive connection, StartFunction function) throws Exception {
        StartTimes own = times.get(function);
        String seen = function.lambda("0");
        BenchWorker.call(connection, seen);
        List<PackageInfo> packages = worker.imports(worker.leaf(seen));
        worker.dropAll(seen);
        String lambda = function.lambda(MEASURED);
        try (LimitProcess floor = bench.limit(function, packages)) {
            for (int i = 0; i < rounds; i++) {
                own.addAll(StartTimes.What.FLOOR, floor.rounds(1, REST_MILLIS).nanos());
                Thread.sleep(REST_MILLIS);
                own.add(StartTimes.What.HIT, timed(connection, lambda, "hit"));
                own.add(StartTimes.What.WARM, timed(connection, lambda, "warm"));
                worker.dropAll(lambda);
            }
        }
        for (int i = 0; i < rounds; i++) {
            String number = "installed-" + i;
            function.install(bench, number);
            Thread.sleep(REST_MILLIS);
            own.add(StartTimes.What.INSTALLED, timed(connection, function.lambda(number), "hit"));
            worker.dropAll(function.lambda(number));
        }
        fromItsOwn(worker, connection, function);
    }

    /** A worker that makes no zygotes of functions refuses what such a lambda says of itself, or passes it over. */
    private void fromItsOwn(BenchWorker worker, KeepAlive connection, StartFunction function) throws Exception {
        function.installWithZygote(bench, WITH_ZYGOTE);
        String lambda = function.lambda(WITH_ZYGOTE);
        byte[] request = KeepAlive.call(lambda, BenchWorker.EVENT);
        int measured = 0;
        for (int misses = 0; measured < rounds && misses < MOST_MISSES; ) {
            long start = System.nanoTime();
            KeepAlive.Answer answer = connection.send(request);
            long nanos = System.nanoTime() - start;
            if (answer.status() != 200) {
                return;
            }
            if (answer.start().equals("function")) {
                times.get(function).add(StartTimes.What.FUNCTION, nanos);
                measured++;
            } else {
                misses++;
            }
            worker.dropAll(lambda);
            Thread.sleep(REST_MILLIS);
        }
    }

    private static long timed(KeepAlive connection, String lambda, String how) throws IOException, Failure {
        byte[] request = KeepAlive.call(lambda, BenchWorker.EVENT);
        long start = System.nanoTime();
        KeepAlive.Answer answer = connection.send(request);
        long nanos = System.nanoTime() - start;
        BenchWorker.check(lambda, answer);
        if (!answer.start().equals(how)) {
            throw new Failure("a call of " + lambda + " was started as \"" + answer.start() + "\" instead of \"" + how
                    + "\"; is mem_pool_mb too small for this machine, so that zygotes are evicted?");
        }
        return nanos;
    }
}
