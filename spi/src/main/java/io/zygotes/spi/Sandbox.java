package io.zygotes.spi;

/** An isolated process, leaf or zygote. Safe for use by many threads. */
@Stability(Stability.Level.STABLE)
public interface Sandbox {

    /** Short name, unique while the worker runs; stands in logs and statistics. */
    String id();

    /** False once it was destroyed or its process ended. True is a snapshot: it may end at any time. */
    boolean alive();

    /**
     * Memory charged to it now in bytes; 0 once it is gone. What it shares with its zygote is charged to the zygote.
     */
    long memoryBytes();

    /**
     * Kills everything in the sandbox and frees what it held. Returns at once if it is gone already. Leaves forked
     * from a zygote go on living when the zygote is destroyed. Never throws: what cannot be freed now is freed later.
     */
    void destroy();
}
