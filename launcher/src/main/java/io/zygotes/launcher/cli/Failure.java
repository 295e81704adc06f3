package io.zygotes.launcher.cli;

/** Ends a command with exit code 1. The message is all that the user sees: what, on what, why, what next. */
final class Failure extends Exception {

    private static final long serialVersionUID = 1L;

    Failure(String message) {
        super(message);
    }

    Failure(String message, Throwable cause) {
        super(message, cause);
    }
}
