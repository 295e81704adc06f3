package io.zygotes.core.function;

/** Too many requests wait already. Try again later. */
public sealed class OverloadException extends Exception permits ReservedConcurrency.ReachedException {

    private static final long serialVersionUID = 1L;

    /** @param message what is full */
    public OverloadException(String message) {
        super(message);
    }
}
