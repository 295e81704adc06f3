package io.zygotes.core;

import io.zygotes.core.function.Answer;
import io.zygotes.core.function.CallListener;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.statistics.StatisticNames;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.CallEvent;
import io.zygotes.spi.CallObserver;
import io.zygotes.spi.mechanism.Rounds;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Tells the import cache of calls if it wants to hear of them, behind the back of the requests. Others cost nothing.
 * Safe for use by many threads.
 */
final class CallEvents implements CallListener, AutoCloseable {

    private static final int MOST_WAITING = 10_000;

    private final CurrentCache cache;
    private final Statistics statistics;
    private final BlockingQueue<CallEvent> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
    /** Null until a cache wants to hear of calls, and after the end. */
    private Thread thread;

    private boolean closed;

    /**
     * @param cache may be a {@link CallObserver}
     * @param statistics counts events that are lost
     */
    CallEvents(CurrentCache cache, Statistics statistics) {
        this.cache = cache;
        this.statistics = statistics;
    }

    @Override
    public void answered(LambdaCode code, Answer.Start start, long nanos) {
        if (!cache.observesCalls()) {
            return;
        }
        CallEvent event = new CallEvent(
                code.spec(), CallEvent.Start.valueOf(start.name()), Instant.now(), Duration.ofNanos(nanos));
        if (!hasThread() || !waiting.offer(event)) {
            statistics.count(StatisticNames.CALL_EVENTS_LOST);
        }
    }

    private synchronized boolean hasThread() {
        if (thread == null && !closed) {
            try {
                thread = Rounds.start("call-events", "telling the import cache of calls", this::round);
            } catch (OutOfMemoryError e) {
                // The kernel gives no thread now; the next call tries again.
                return false;
            }
        }
        return thread != null;
    }

    private boolean round() throws InterruptedException {
        cache.onCall(waiting.take());
        return true;
    }

    /** Tells of no more calls. */
    @Override
    public synchronized void close() {
        closed = true;
        if (thread != null) {
            thread.interrupt();
            thread = null;
        }
    }
}
