package io.zygotes.core.pool;

import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;

/** A sandbox of the mechanism together with its account. Destroyed once, by whoever comes first. */
abstract sealed class PooledSandbox implements Sandbox permits PooledLeaf, PooledSpare, PooledZygote {

    private final SandboxPool pool;
    private final Sandbox inner;
    private final MemoryLedger.Account account;
    private volatile boolean gone;
    private volatile Runnable whenGone = () -> {};

    PooledSandbox(SandboxPool pool, Sandbox inner, MemoryLedger.Account account) {
        this.pool = pool;
        this.inner = inner;
        this.account = account;
        pool.ledger().evictWith(account, this, () -> finish(SandboxEvent.Kind.EVICTED));
    }

    final SandboxPool pool() {
        return pool;
    }

    final MemoryLedger.Account account() {
        return account;
    }

    /**
     * Something to run once when the sandbox is gone, whatever the reason; on the thread that destroyed it. Set it
     * before the sandbox is first released.
     */
    public final void whenGone(Runnable action) {
        whenGone = action;
    }

    @Override
    public final String id() {
        return inner.id();
    }

    @Override
    public final boolean alive() {
        return !gone && inner.alive();
    }

    @Override
    public final long memoryBytes() {
        return inner.memoryBytes();
    }

    @Override
    public final void destroy() {
        end(SandboxEvent.Kind.DESTROYED);
    }

    /** Destroys it for the given reason, unless somebody else does so already. */
    final void end(SandboxEvent.Kind reason) {
        if (pool.ledger().retire(account)) {
            finish(reason);
        }
    }

    /** Ends the account and leaves the sandbox to another owner. */
    final void handOver() {
        gone = true;
        pool.ledger().close(account);
        pool.disown(inner);
    }

    /** The account is retiring on behalf of the caller. The memory is free only when the processes are gone. */
    private void finish(SandboxEvent.Kind reason) {
        gone = true;
        try {
            inner.destroy();
        } catch (RuntimeException e) {
            pool.broken(this, "destroy", e);
        } finally {
            pool.ledger().close(account);
            pool.forget(this, inner, reason);
            whenGone.run();
        }
    }
}
