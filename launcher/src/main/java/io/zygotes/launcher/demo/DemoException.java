package io.zygotes.launcher.demo;

/** The demo cannot go on. The message says at which step, why, and what to do next. */
public final class DemoException extends Exception {

    private static final long serialVersionUID = 1L;

    DemoException(String message) {
        super(message);
    }

    DemoException(String message, Throwable cause) {
        super(message, cause);
    }
}
