package io.zygotes.launcher.measure.demo;

import io.zygotes.launcher.console.Failure;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Measures one lambda under one strategy. */
final class Measurement {

    /**
     * Of starts before the measured ones: they are fewer where they take long, and Java is the smaller part of them.
     */
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** multitree picks a tree at random each time, so it takes some calls until every tree has its zygotes. */
    private static final int MOST_HIT_TRIES = 100;
    /** Requests do not come back to back in real life, and what was just destroyed is tidied up meanwhile. */
    private static final long PAUSE_MILLIS = 30;

    private static final double NANOS_PER_MILLI = 1e6;
    private static final double BYTES_PER_MB = 1 << 20;

    private final DemoWorker worker;
    private final String strategy;
    private final DemoLambda lambda;
    private final Repeats repeats;

    Measurement(DemoWorker worker, String strategy, DemoLambda lambda, Repeats repeats) {
        this.worker = worker;
        this.strategy = strategy;
        this.lambda = lambda;
        this.repeats = repeats;
    }

    DemoRow run() throws Failure, InterruptedException {
        // Class loading and byte code of this process, and Python's own files in the page cache.
        worker.call(lambda);
        warmUp();
        double first = first();
        Double hit = worker.zygotes().isEmpty() ? null : hit();
        double warm = warm();
        return new DemoRow(
                strategy, lambda.name(), first, hit, warm, round(worker.privateBytes(lambda) / BYTES_PER_MB));
    }

    private void warmUp() throws Failure, InterruptedException {
        long end = System.nanoTime() + WARM_UP_NANOS;
        for (int i = 0; i < repeats.warmUps() && System.nanoTime() < end; i++) {
            worker.dropLeaves(lambda);
            worker.call(lambda);
        }
    }

    private double first() throws Failure, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < repeats.first(); i++) {
            worker.dropLeaves(lambda);
            worker.dropZygotes();
            Thread.sleep(PAUSE_MILLIS);
            nanos.add(worker.call(lambda));
        }
        return millis(nanos);
    }

    private Double hit() throws Failure, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < MOST_HIT_TRIES && nanos.size() < repeats.hits(); i++) {
            worker.dropLeaves(lambda);
            Thread.sleep(PAUSE_MILLIS);
            Set<String> before = worker.zygotes();
            long each = worker.call(lambda);
            // A call that had to make a zygote first is none that found one.
            if (worker.zygotes().equals(before)) {
                nanos.add(each);
            }
        }
        if (nanos.isEmpty()) {
            throw new Failure("under the strategy " + strategy + " no call of " + lambda.name()
                    + " found its zygote alive; is mem_pool_mb too small for this machine's demo?");
        }
        return millis(nanos);
    }

    private double warm() throws Failure, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        for (int i = 0; i < repeats.warm(); i++) {
            nanos.add(worker.call(lambda));
        }
        return millis(nanos);
    }

    private static double millis(List<Long> nanos) {
        Collections.sort(nanos);
        return round(nanos.get(nanos.size() / 2) / NANOS_PER_MILLI);
    }

    private static double round(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
