package io.zygotes.core.function;

import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.Statistics;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** What every lambda needs of the worker. */
interface FunctionServices {

    /** Makes new leaves. */
    LeafSource leaves();

    SandboxPool pool();

    PackageStore packages();

    Statistics statistics();

    CodeCompiler compiler();

    /** Requests of one lambda that may wait for a leaf. */
    int maxWaiting();

    /** How long a request may wait for memory. */
    Duration maxWait();

    /** Destroys leaves that nobody uses, not on the calling thread. */
    void destroyLater(List<PooledLeaf> leaves);

    /**
     * Deletes all other old versions of a lambda, not on the calling thread.
     *
     * @param inUse asked when they are deleted
     */
    void keepVersionsLater(String lambda, Supplier<Set<String>> inUse);
}
