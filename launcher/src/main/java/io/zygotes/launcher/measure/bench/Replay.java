package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Makes calls to a worker at the times of a schedule, whether or not earlier ones were answered; without times one
 * after the answer to the other.
 */
final class Replay {

    /** More than this many unanswered calls are no traffic but a jam; the schedule waits then. */
    private static final int MOST_AT_ONCE = 256;

    private final BenchWorker worker;
    private final ConcurrentLinkedDeque<KeepAlive> idle = new ConcurrentLinkedDeque<>();
    private final List<Long> nanos = new ArrayList<>();
    private final Map<String, Integer> starts = new HashMap<>();
    private int failed;
    private Optional<String> firstFailure = Optional.empty();

    /**
     * How the calls went.
     *
     * @param nanos of each call that was answered, from request to answer
     * @param starts how many of them found what ({@code warm}, {@code hit}, {@code cold})
     * @param failed how many were not answered, or with an error
     * @param firstFailure what the first of these was
     */
    record Outcome(List<Long> nanos, Map<String, Integer> starts, int failed, Optional<String> firstFailure) {}

    /** @param worker whom to call; serves until {@link #run} returns */
    Replay(BenchWorker worker) {
        this.worker = worker;
    }

    /**
     * Makes the calls; once.
     *
     * @param lambdas whom to call, in order
     * @param offsets of each call the milliseconds after the first; empty for one after another
     * @throws Failure if no call was answered
     */
    Outcome run(List<String> lambdas, Optional<List<Double>> offsets)
            throws Failure, IOException, InterruptedException {
        try {
            if (offsets.isPresent()) {
                atTheirTimes(lambdas, offsets.get());
            } else {
                for (String lambda : lambdas) {
                    call(lambda);
                }
            }
        } finally {
            for (KeepAlive connection : idle) {
                connection.close();
            }
        }
        if (nanos.isEmpty()) {
            throw new Failure("no call of the trace was answered: " + firstFailure.orElse("there is none"));
        }
        return new Outcome(List.copyOf(nanos), Map.copyOf(starts), failed, firstFailure);
    }

    private void atTheirTimes(List<String> lambdas, List<Double> offsets) throws InterruptedException {
        Semaphore free = new Semaphore(MOST_AT_ONCE);
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            long start = System.nanoTime();
            for (int i = 0; i < lambdas.size(); i++) {
                long due = start + Math.round(offsets.get(i) * 1e6);
                TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                String lambda = lambdas.get(i);
                free.acquire();
                threads.execute(() -> {
                    call(lambda);
                    free.release();
                });
            }
            free.acquire(MOST_AT_ONCE);
        } finally {
            // After an interrupt calls may be under way; they end with their worker.
            threads.shutdown();
        }
    }

    private void call(String lambda) {
        KeepAlive connection = null;
        try {
            connection = idle.pollFirst();
            connection = connection == null ? worker.connect() : connection;
            byte[] request = KeepAlive.call(lambda, BenchWorker.EVENT);
            long start = System.nanoTime();
            KeepAlive.Answer answer = connection.send(request);
            long took = System.nanoTime() - start;
            idle.addFirst(connection);
            BenchWorker.check(lambda, answer);
            answered(took, answer.start());
        } catch (Failure e) {
            failed(e.getMessage());
        } catch (IOException e) {
            failed("calling " + lambda + ": " + e);
        }
    }

    private synchronized void answered(long took, String start) {
        nanos.add(took);
        starts.merge(start, 1, Integer::sum);
    }

    private synchronized void failed(String why) {
        failed++;
        firstFailure = firstFailure.or(() -> Optional.of(why));
    }
}
