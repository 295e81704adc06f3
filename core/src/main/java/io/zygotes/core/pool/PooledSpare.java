package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.Sandbox;

/** A leaf that was forked ahead and waits for its lambda. Idle from the start, and the first to be evicted. */
final class PooledSpare extends PooledSandbox {

    private final Limits limits;
    private final Network network;

    PooledSpare(PoolServices services, Sandbox inner, Account account, Limits limits, Network network) {
        super(services, event -> {}, inner, account);
        this.limits = limits;
        this.network = network;
    }

    /** Whether a leaf with these limits and this network can be made of it: the others can be changed later. */
    boolean fits(Limits wanted, Network wantedNetwork) {
        return limits.tmpMb() == wanted.tmpMb() && network == wantedNetwork;
    }
}
