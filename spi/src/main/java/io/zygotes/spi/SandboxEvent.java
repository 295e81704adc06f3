package io.zygotes.spi;

import java.util.Objects;

/**
 * Something that happened to a sandbox.
 *
 * @param kind what happened
 * @param sandbox the sandbox; a cache sees only its own
 */
@Stability(Stability.Level.STABLE)
public record SandboxEvent(Kind kind, Sandbox sandbox) {

    /** What can happen to a sandbox. */
    public enum Kind {
        /** Made, fresh or by forking. */
        MADE,
        /** Its processes were stopped because it is idle. */
        FROZEN,
        /** Its processes go on. */
        THAWED,
        /** Destroyed by the worker because memory was short. */
        EVICTED,
        /** Destroyed because it was no longer needed. */
        DESTROYED,
        /** Its process ended by itself or was killed from outside. */
        DIED
    }

    /** Checks for null. */
    public SandboxEvent {
        Objects.requireNonNull(kind);
        Objects.requireNonNull(sandbox);
    }
}
