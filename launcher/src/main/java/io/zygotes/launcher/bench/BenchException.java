package io.zygotes.launcher.bench;

/** A measurement cannot go on. The message says which one, why, and what to do next. */
public final class BenchException extends Exception {

    private static final long serialVersionUID = 1L;

    BenchException(String message) {
        super(message);
    }

    BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
