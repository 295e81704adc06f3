package io.zygotes.launcher.console;

/**
 * The one exception for what a user is told: a command cannot do what it was asked, and that is no fault in Zygotes. It
 * ends the command with exit code 1.
 *
 * <p>The message is all that the user sees: what failed, on what, why, and what to do next.
 */
public final class Failure extends Exception {

    private static final long serialVersionUID = 1L;

    /** @param message what failed, on what, why, and what to do next */
    public Failure(String message) {
        super(message);
    }

    /**
     * @param message what failed, on what, why, and what to do next
     * @param cause the error below, shown with {@code --verbose}
     */
    public Failure(String message, Throwable cause) {
        super(message, cause);
    }
}
