package io.zygotes.sandbox.sock.warden;

import java.io.IOException;

/** The warden could not do what it was asked for. */
public final class RefusedException extends IOException {

    private static final long serialVersionUID = 1L;
    private final int errno;

    /**
     * @param message why, in words
     * @param errno the kernel's reason; 0 if it was another
     */
    RefusedException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** The kernel's reason; 0 if it was another. */
    public int errno() {
        return errno;
    }
}
