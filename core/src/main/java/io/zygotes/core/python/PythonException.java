package io.zygotes.core.python;

/** The host's Python cannot be used. The message says why and what to do. */
public final class PythonException extends Exception {

    private static final long serialVersionUID = 1L;

    /** @param message which interpreter, why, and what to do next */
    public PythonException(String message) {
        super(message);
    }

    /**
     * @param message which interpreter, why, and what to do next
     * @param cause the error below
     */
    public PythonException(String message, Throwable cause) {
        super(message, cause);
    }
}
