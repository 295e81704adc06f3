package io.zygotes.core.registry;

import java.util.Objects;

/** A lambda cannot be used. The message names it and says why and what to do next. */
public final class RegistryException extends Exception {

    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    public enum Kind {
        /** The name breaks the rule for names. */
        BAD_NAME,
        /** The registry has no lambda of that name. */
        UNKNOWN,
        /** The lambda's files are wrong. */
        BROKEN
    }

    private final Kind kind;

    /**
     * @param kind what is wrong
     * @param message which lambda, why, and what to do next
     */
    public RegistryException(Kind kind, String message) {
        super(message);
        this.kind = Objects.requireNonNull(kind);
    }

    /**
     * @param kind what is wrong
     * @param message which lambda, why, and what to do next
     * @param cause the error below
     */
    public RegistryException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind);
    }

    /** What is wrong. */
    public Kind kind() {
        return kind;
    }
}
