package io.zygotes.spi;

/** What a sandbox sees of the network. */
@Stability(Stability.Level.STABLE)
public enum Network {
    /**
     * The host's network namespace: what the worker can reach, the sandbox can reach, as far as {@link NetworkRules}
     * go.
     */
    HOST,
    /** A network namespace of its own with nothing but a loopback device. */
    NONE
}
