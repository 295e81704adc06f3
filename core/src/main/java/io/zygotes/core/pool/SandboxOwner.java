package io.zygotes.core.pool;

import io.zygotes.spi.SandboxEvent;

/** Who had a sandbox made, and hears what becomes of it. */
@FunctionalInterface
public interface SandboxOwner {

    /** Something happened to one of its sandboxes. Called by any thread; must not block and must not throw. */
    void onEvent(SandboxEvent event);

    /** Whether it has ended, so that nothing is made for it any more. */
    default boolean closed() {
        return false;
    }
}
