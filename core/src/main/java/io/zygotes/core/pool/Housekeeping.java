package io.zygotes.core.pool;

import io.zygotes.spi.mechanism.Rounds;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What the pool does behind the back of the requests, one thing after the other. Safe for use by many threads. */
final class Housekeeping implements AutoCloseable {

    /** How long the end waits for what is being done; to make a sandbox takes a few milliseconds. */
    private static final int MOST_SECONDS_TO_END = 5;
    /** After how many milliseconds it starts: not while the request that gave rise to it needs the processors. */
    private static final int LATER_MILLIS = 1;

    private static final Logger LOG = System.getLogger(Housekeeping.class.getName());

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("pool").daemon().factory());

    Housekeeping() {
        // The thread is there before one is hard to get: the ends of sandboxes are told on it.
        thread.execute(() -> {});
    }

    /** Does it soon. A failure is logged. */
    void later(Runnable task) {
        later(LATER_MILLIS, task);
    }

    /** Does it after so many milliseconds. A failure is logged. */
    void later(int millis, Runnable task) {
        try {
            thread.schedule(() -> attempt(task), millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.DEBUG, "the pool is closed already", e);
        }
    }

    private static void attempt(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Rounds.tell("housekeeping of the sandbox pool failed", e);
        }
    }

    /** Takes no more tasks, and waits for a while until what there is to do is done. */
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(MOST_SECONDS_TO_END, TimeUnit.SECONDS)) {
                LOG.log(Level.WARNING, "the pool's housekeeping still works; its sandboxes end with the worker");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
