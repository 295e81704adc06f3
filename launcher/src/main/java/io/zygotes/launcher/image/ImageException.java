package io.zygotes.launcher.image;

/** An image cannot be made. The message says why and what to do; nothing is left of it. */
public final class ImageException extends Exception {

    private static final long serialVersionUID = 1L;

    ImageException(String message) {
        super(message);
    }

    ImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
