package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** A sandbox of the mechanism together with its account. Destroyed once, by whoever comes first. */
abstract sealed class PooledSandbox extends Occupant implements Sandbox permits PooledLeaf, PooledSpare, PooledZygote {

    private static final Logger LOG = System.getLogger(PooledSandbox.class.getName());

    private final PoolServices services;
    private final SandboxOwner owner;
    private final Sandbox inner;
    private final Account account;
    private volatile boolean gone;
    private volatile Runnable whenGone = () -> {};

    PooledSandbox(PoolServices services, SandboxOwner owner, Sandbox inner, Account account) {
        this.services = services;
        this.owner = owner;
        this.inner = inner;
        this.account = account;
        services.memory().occupy(account, this);
    }

    final PoolServices services() {
        return services;
    }

    final SandboxOwner owner() {
        return owner;
    }

    /** The sandbox as the mechanism made it. */
    Sandbox inner() {
        return inner;
    }

    final Account account() {
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
        if (services.memory().retire(account)) {
            finish(reason);
        }
    }

    @Override
    final void evict() {
        finish(SandboxEvent.Kind.EVICTED);
    }

    /** Ends the account and leaves the sandbox to another owner. */
    final void handOver() {
        gone = true;
        services.memory().close(account);
        services.living().remove(this);
    }

    /** The account is retiring on behalf of the caller. The memory is free only when the processes are gone. */
    private void finish(SandboxEvent.Kind reason) {
        gone = true;
        try {
            inner.destroy();
        } catch (RuntimeException e) {
            broken("destroy", e);
        } finally {
            services.memory().close(account);
            services.living().remove(this);
            services.living().tell(reason, this);
            whenGone.run();
        }
    }

    /** The mechanism failed at something that should never fail. */
    final void broken(String what, RuntimeException e) {
        LOG.log(Level.ERROR, "could not " + what + " sandbox " + id(), e);
    }
}
