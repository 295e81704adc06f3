package io.zygotes.core.pool;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Zygote;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A zygote in the pool. It is idle, and can be evicted, unless it is being forked. */
final class PooledZygote extends PooledSandbox implements Zygote {

    private final Zygote inner;
    private final long madeNanos = System.nanoTime();
    private final AtomicInteger forks = new AtomicInteger();

    PooledZygote(SandboxPool pool, Zygote inner, MemoryLedger.Account account) {
        super(pool, inner, account);
        this.inner = inner;
    }

    Zygote inner() {
        return inner;
    }

    long madeNanos() {
        return madeNanos;
    }

    int forked() {
        return forks.incrementAndGet();
    }

    @Override
    public List<PackageId> packages() {
        return inner.packages();
    }

    @Override
    public Map<PackageId, ImportCost> importCosts() {
        return inner.importCosts();
    }
}
