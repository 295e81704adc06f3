package io.zygotes.launcher.tree;

/** Something cannot be done with a tree or a trace. The message says what, why, and what to do next. */
public final class TreeFailure extends Exception {

    private static final long serialVersionUID = 1L;

    TreeFailure(String message) {
        super(message);
    }

    TreeFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
