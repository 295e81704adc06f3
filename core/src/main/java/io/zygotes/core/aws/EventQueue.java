package io.zygotes.core.aws;

import io.zygotes.spi.Invocation;
import java.util.Objects;

/**
 * Takes calls that nobody waits for, and runs them some time later. What it has taken it runs once, as long as the
 * worker lives; whether it survives the worker is up to it. Safe for use by many threads.
 */
public interface EventQueue extends AutoCloseable {

    /**
     * Takes a call. Returns at once.
     *
     * @return false if it has no room
     */
    boolean offer(Event event);

    /** Takes no more; calls that run may end, for a while. Idempotent. */
    @Override
    void close();

    /**
     * A call that nobody waits for.
     *
     * @param lambda which lambda of the registry
     * @param requestId the id that the caller was told
     * @param invocation what it gets
     */
    record Event(String lambda, String requestId, Invocation invocation) {

        /** Checks for null. */
        public Event {
            Objects.requireNonNull(lambda);
            Objects.requireNonNull(requestId);
            Objects.requireNonNull(invocation);
        }
    }
}
