package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.tree.RecordedCall;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * {@code bench tree}: the calls of a trace made again, in their order and at their pace, with real packages: without
 * zygotes, with the default tree, with a given one and with one that learns. Each function of the trace is a lambda
 * that imports all its packages.
 */
final class TreeBench {

    private static final Duration REFIT_PATIENCE = Duration.ofSeconds(20);
    private static final Duration REFIT_QUIET = Duration.ofSeconds(3);
    /** As many as the cache waits for before it learns anything. */
    private static final int FEWEST_LEAVES_TO_LEARN_FROM = 20;

    private final Workbench bench;
    private final List<RecordedCall> calls;
    private final Schedule schedule;
    private final Path tree;
    private final int rounds;
    private final TraceLambdas lambdas;

    /**
     * @param bench where to measure; closed by the caller
     * @param calls the calls, in their order; at least one
     * @param schedule when to make them
     * @param tree the given tree
     * @param rounds how often to make all of them under each tree; at least 1
     */
    TreeBench(Workbench bench, List<RecordedCall> calls, Schedule schedule, Path tree, int rounds) {
        this.bench = bench;
        this.calls = List.copyOf(calls);
        this.schedule = schedule;
        this.tree = tree.toAbsolutePath();
        this.rounds = rounds;
        lambdas = new TraceLambdas(bench, this.calls);
    }

    /**
     * Measures.
     *
     * @param defaultTree the content of {@code default-zygotes-40.json}
     * @return a row for each tree and round
     * @throws Failure if no lambda of the trace can be run
     * @throws Exception if a worker cannot be started
     */
    TreeReport run(byte[] defaultTree) throws Exception {
        bench.furnish(defaultTree);
        lambdas.prepare();
        List<String> order = new ArrayList<>();
        List<Double> offsets = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            Optional<String> lambda = lambdas.of(calls.get(i));
            if (lambda.isPresent()) {
                order.add(lambda.get());
                int at = i;
                schedule.offsets().ifPresent(all -> offsets.add(all.get(at)));
            }
        }
        Schedule kept = new Schedule(schedule.name(), schedule.offsets().map(all -> offsets));
        List<TreeRow> rows = new ArrayList<>();
        rows.addAll(measure("none", "", order, kept, config -> {}));
        rows.addAll(measure("default", "tree", order, kept, config -> {}));
        rows.addAll(measure("fitted", "tree", order, kept, config -> config.put("import_cache_tree", tree.toString())));
        rows.addAll(measure("auto", "tree", order, kept, config -> {
            config.put("import_cache_tree", "auto");
            config.withObjectProperty("plugins").withObjectProperty("tree").put("refit_seconds", 1);
        }));
        return new TreeReport(
                order.size(),
                lambdas.names().size(),
                lambdas.packageSets(),
                schedule.name(),
                calls.size() - order.size(),
                lambdas.leftOut(),
                rows);
    }

    private List<TreeRow> measure(
            String name, String importCache, List<String> order, Schedule kept, Consumer<ObjectNode> settings)
            throws Exception {
        BenchWorker worker = bench.worker(importCache, settings);
        List<TreeRow> rows = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            bench.say(String.format(
                    Locale.ROOT,
                    "%s, round %d of %d: %d calls%s",
                    name,
                    round,
                    rounds,
                    order.size(),
                    kept.seconds() < 1 ? "" : String.format(Locale.ROOT, " in about %.0f s", kept.seconds())));
            Replay.Outcome outcome = new Replay(worker).run(order, kept.offsets());
            outcome.firstFailure()
                    .ifPresent(why -> bench.say(outcome.failed() + " calls failed, the first one: " + why));
            rows.add(TreeRow.of(name, round, outcome, worker.memory()));
            for (String lambda : lambdas.names()) {
                worker.dropAll(lambda);
            }
            if (name.equals("auto") && round < rounds) {
                awaitRefit(worker, outcome);
            }
        }
        return rows;
    }

    private void awaitRefit(BenchWorker worker, Replay.Outcome outcome) throws InterruptedException {
        if (outcome.nanos().size() - outcome.starts().getOrDefault("warm", 0) < FEWEST_LEAVES_TO_LEARN_FROM) {
            bench.say("fewer than " + FEWEST_LEAVES_TO_LEARN_FROM + " leaves were made: auto learns nothing from them");
            return;
        }
        long deadline = System.nanoTime() + REFIT_PATIENCE.toNanos();
        long fits = -1;
        long since = System.nanoTime();
        while ((fits < 1 || System.nanoTime() - since < REFIT_QUIET.toNanos()) && System.nanoTime() < deadline) {
            long now = worker.statistic("cache_refits");
            if (now != fits) {
                fits = now;
                since = System.nanoTime();
            }
            Thread.sleep(100);
        }
    }
}
