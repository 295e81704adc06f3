package io.zygotes.core.threads;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Starts threads on behalf of a request. */
public final class ThreadStart {

    private ThreadStart() {}

    /**
     * Hands a task to an executor that starts threads when it needs them.
     *
     * @param executor runs the task; an executor of {@code java.util.concurrent} has not taken it if this fails
     * @param task what to run
     * @throws NoThreadException if no thread may be started for it
     * @throws RejectedExecutionException if the executor was shut down
     */
    public static void execute(Executor executor, Runnable task) {
        try {
            executor.execute(task);
        } catch (OutOfMemoryError e) {
            // Thread.start reports EAGAIN of clone(2) this way. A full heap looks the same, but nothing of any size is
            // allocated here.
            throw new NoThreadException("the worker may not start another thread", e);
        }
    }
}
