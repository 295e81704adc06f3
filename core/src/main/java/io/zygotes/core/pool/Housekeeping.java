package io.zygotes.core.pool;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What the pool does behind the back of the requests, one thing after the other. Safe for use by many threads. */
final class Housekeeping implements AutoCloseable {

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
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "housekeeping of the sandbox pool failed", e);
        }
    }

    /** Takes no more tasks. What is being done goes on. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
