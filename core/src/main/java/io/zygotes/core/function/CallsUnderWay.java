package io.zygotes.core.function;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many calls run, so that work which nobody waits for takes no processor from them. Safe for use by many threads.
 */
final class CallsUnderWay {

    /** A client that sends one call behind the other is heard of again within this time. */
    private static final long QUIET_NANOS = 20_000_000;

    private static final long LOOK_MILLIS = 10;

    private final AtomicInteger running = new AtomicInteger();
    private volatile long lastNanos = System.nanoTime() - QUIET_NANOS;

    /** A call begins; {@link #end} must follow. */
    void begin() {
        running.incrementAndGet();
    }

    void end() {
        lastNanos = System.nanoTime();
        running.decrementAndGet();
    }

    /** Whether no call runs, and none has for a moment. */
    boolean isQuiet() {
        return running.get() == 0 && System.nanoTime() - lastNanos >= QUIET_NANOS;
    }

    /**
     * Waits until no call runs.
     *
     * @param most how long at the most: where there always is one, what waits here is done all the same, a little of it
     *     at a time
     */
    void awaitQuiet(Duration most) throws InterruptedException {
        long until = System.nanoTime() + most.toNanos();
        while (!isQuiet() && System.nanoTime() < until) {
            Thread.sleep(LOOK_MILLIS);
        }
    }
}
