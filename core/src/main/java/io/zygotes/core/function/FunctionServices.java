package io.zygotes.core.function;

import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.Zygote;
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

    /** Destroys a function's own zygote, not on the calling thread. */
    void destroyLater(Zygote zygote);

    /**
     * Runs something that may take as long as a function's code takes, behind the back of the requests.
     *
     * @return whether it will be run; not if no thread may be started, or the worker is stopping
     */
    boolean inBackground(Runnable task);

    /**
     * Tells the operator, in the worker's log, and the lambda's author, in the log of what that prints.
     *
     * @param what one line
     * @param details more lines, such as a traceback, for the author alone; empty for none
     */
    void tell(String lambda, String what, String details);

    /**
     * Deletes all other old versions of a lambda, not on the calling thread.
     *
     * @param inUse asked when they are deleted
     */
    void keepVersionsLater(String lambda, Supplier<Set<String>> inUse);
}
