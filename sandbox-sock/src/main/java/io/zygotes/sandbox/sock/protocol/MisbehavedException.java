package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;

/** A process in a sandbox lives and says what it must not say. */
public final class MisbehavedException extends IOException {

    private static final long serialVersionUID = 1L;

    /** @param message what it said */
    public MisbehavedException(String message) {
        super(message);
    }
}
