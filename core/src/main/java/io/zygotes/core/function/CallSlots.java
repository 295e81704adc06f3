package io.zygotes.core.function;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets no more calls of one version of a lambda run at once than its {@code concurrency} says. The others wait, first
 * come, first served. Safe for use by many threads.
 */
final class CallSlots {

    private final String lambda;
    private final int most;
    private final int maxWaiting;
    private final Duration patience;
    private final Semaphore free;
    private final AtomicInteger waiting = new AtomicInteger();

    private CallSlots(String lambda, int most, int maxWaiting, Duration patience) {
        this.lambda = lambda;
        this.most = most;
        this.maxWaiting = maxWaiting;
        this.patience = patience;
        this.free = new Semaphore(most, true);
    }

    /**
     * The slots of a version; empty if there is no bound.
     *
     * @param concurrency the most calls at once, from 1; empty for no bound
     * @param maxWaiting how many further calls may wait
     * @param patience how long one may wait
     */
    static Optional<CallSlots> of(String lambda, OptionalInt concurrency, int maxWaiting, Duration patience) {
        return concurrency.isEmpty()
                ? Optional.empty()
                : Optional.of(new CallSlots(lambda, concurrency.getAsInt(), maxWaiting, patience));
    }

    /**
     * Waits until a call may run; {@link #leave} must follow.
     *
     * @throws OverloadException if too many wait, or it waited too long
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    void enter() throws OverloadException, InterruptedException {
        // Unlike the one without a time, this method does not pass those that wait.
        if (free.tryAcquire(0, TimeUnit.NANOSECONDS)) {
            return;
        }
        try {
            if (waiting.incrementAndGet() > maxWaiting) {
                throw full(maxWaiting + " wait (max_waiting in config.json)");
            }
            if (!free.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw full("none ended within " + patience.toSeconds() + " s (max_wait_sec in config.json)");
            }
        } finally {
            waiting.decrementAndGet();
        }
    }

    private OverloadException full(String why) {
        return new OverloadException("lambda " + lambda + " runs as many calls at once as it may, " + most
                + " (concurrency in its ol.yaml), and " + why + "; try again later");
    }

    /** The call has ended. */
    void leave() {
        free.release();
    }
}
