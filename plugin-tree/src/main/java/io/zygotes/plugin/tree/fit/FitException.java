package io.zygotes.plugin.tree.fit;

/** A trace is of no use, or a tree with these limits cannot be made. The message says what to do. */
public final class FitException extends Exception {

    private static final long serialVersionUID = 1L;

    FitException(String message) {
        super(message);
    }
}
