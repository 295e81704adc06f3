package io.zygotes.core.aws;

import io.zygotes.core.function.Answer;
import io.zygotes.core.function.OverloadException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Calls that wait in memory: those that have not begun when the worker ends are lost, and their number is logged. A
 * call that finds no room in the worker is tried again; one whose function fails is not.
 */
public final class MemoryEventQueue implements EventQueue {

    private static final Logger LOG = System.getLogger(MemoryEventQueue.class.getName());
    /** Calls that may wait or run. */
    static final int MOST = 1000;
    /** Bytes of their events together. */
    static final long MOST_BYTES = 32L << 20;

    private static final int THREADS = 8;
    private static final int TRIES = 60;
    private static final int SECONDS_TO_END = 5;

    private final FunctionCalls functions;
    private final OutputSink output;
    private final long millisBetweenTries;
    private final ScheduledThreadPoolExecutor threads;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /**
     * @param functions runs the calls
     * @param output where authors of lambdas are told of calls that failed
     */
    public MemoryEventQueue(FunctionCalls functions, OutputSink output) {
        this(functions, output, 1000);
    }

    MemoryEventQueue(FunctionCalls functions, OutputSink output, long millisBetweenTries) {
        this.functions = functions;
        this.output = output;
        this.millisBetweenTries = millisBetweenTries;
        threads = new ScheduledThreadPoolExecutor(
                THREADS, Thread.ofPlatform().name("events-", 0).daemon().factory());
        // Workers that get no events keep no threads for them.
        threads.setKeepAliveTime(20, TimeUnit.SECONDS);
        threads.allowCoreThreadTimeOut(true);
        threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public boolean offer(Event event) {
        int length = event.invocation().body().length;
        boolean room = waiting.incrementAndGet() <= MOST;
        room = bytes.addAndGet(length) <= MOST_BYTES && room;
        boolean taken = false;
        try {
            if (room) {
                threads.execute(() -> run(event, 1));
                taken = true;
            }
        } catch (RejectedExecutionException e) {
            LOG.log(Level.DEBUG, "the worker is stopping", e);
        } finally {
            if (!taken) {
                leave(event);
            }
        }
        return taken;
    }

    private void leave(Event event) {
        waiting.decrementAndGet();
        bytes.addAndGet(-event.invocation().body().length);
    }

    private void run(Event event, int tries) {
        boolean again = false;
        try {
            Answer answer = functions.invoke(event.lambda(), event.invocation());
            Outcome outcome = Outcome.of(answer.reply(), event.requestId());
            if (outcome.failed()) {
                tell(event, "failed: " + new String(outcome.payload(), StandardCharsets.UTF_8));
            }
        } catch (OverloadException | SandboxException.NoCapacity | SandboxException.ZygoteGone e) {
            again = tries < TRIES && later(event, tries + 1);
            if (!again) {
                tell(event, "found no room in " + tries + " tries: " + e.getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            tell(event, "was not run to its end, because the worker ended");
        } catch (Exception | Error e) {
            tell(event, "failed: " + e.getMessage());
        } finally {
            if (!again) {
                leave(event);
            }
        }
    }

    private boolean later(Event event, int tries) {
        try {
            threads.schedule(() -> run(event, tries), millisBetweenTries, TimeUnit.MILLISECONDS);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** The output of lambdas has a bound; the worker's log has none, and calls may fail as often as somebody likes. */
    private void tell(Event event, String what) {
        output.line("-", event.lambda(), "event " + event.requestId() + " " + what);
    }

    @Override
    public void close() {
        threads.shutdown();
        int lost = threads.getQueue().size();
        threads.getQueue().clear();
        if (lost > 0) {
            LOG.log(Level.WARNING, lost + " calls of invocation type Event had not begun, and are lost");
        }
        try {
            if (!threads.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Calls that wait or run. */
    int size() {
        return waiting.get();
    }
}
