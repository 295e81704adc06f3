package io.zygotes.sandbox.sock;

import java.io.IOException;

/** A process in a sandbox lives and says what it must not say. */
final class MisbehavedException extends IOException {

    private static final long serialVersionUID = 1L;

    MisbehavedException(String message) {
        super(message);
    }
}
