package io.zygotes.core.threads;

import io.zygotes.spi.FailureKind;

/**
 * The worker may not start another thread: {@code pids.max} of its cgroup or {@code ulimit -u} is reached. Unchecked,
 * because it comes from below interfaces that do not know of it, such as {@code Packages}; whoever answers the request
 * answers it.
 */
public final class NoThreadException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * @param message what may not be started
     * @param cause what Java said
     */
    public NoThreadException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Why, for programs: always {@link FailureKind#NO_PROCESSES}. */
    public FailureKind kind() {
        return FailureKind.NO_PROCESSES;
    }
}
