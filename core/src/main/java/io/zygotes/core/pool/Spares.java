package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A few leaves of busy zygotes, forked ahead, so that a request only has to wait until its code is attached. They count
 * against the memory pool, are made only of memory that nobody waits for, and go with their zygote: none can serve a
 * lambda that its zygote could not. Safe for use by many threads.
 */
final class Spares {

    /**
     * What a spare may use. A fork of a large zygote copies its page tables, and each spare has some pages of its own.
     */
    static final long BYTES = 16L << 20;
    /** A zygote is busy if it was used twice within this time; spares of others go after it. */
    private static final long BUSY_NANOS = Duration.ofSeconds(30).toNanos();

    /**
     * How often it is looked whether spares are missing, in milliseconds, as long as zygotes are used: to wake a thread
     * on a processor that rests takes a request up to 0.1 ms.
     */
    private static final int LOOK_EVERY = 4;
    /** How long after the last use of a zygote there are such looks. */
    private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

    private static final Logger LOG = System.getLogger(Spares.class.getName());

    private final PoolServices services;
    private final int perZygote;
    private final Map<PooledZygote, Stock> stocks = new HashMap<>();
    private final Map<PooledZygote, Order> orders = new HashMap<>();
    private boolean looking;

    /** What a spare is to be made for: it gets no more than this. */
    private record Order(Limits limits, Network network) {}

    private static final class Stock {
        private final ArrayDeque<PooledSpare> ready = new ArrayDeque<>();
        private long lastUse = System.nanoTime() - BUSY_NANOS - 1;
        private boolean busy;
    }

    /** @param perZygote how many to keep for each busy zygote; 0 for none */
    Spares(PoolServices services, int perZygote) {
        this.services = services;
        this.perZygote = perZygote;
    }

    /** Whether any are kept at all. */
    boolean areKept() {
        return perZygote > 0;
    }

    /**
     * A spare for this lambda, held on behalf of the caller; null if there is none.
     *
     * @param zygote null for none
     */
    PooledSpare take(PooledZygote zygote, LeafSpec spec) {
        if (zygote == null || perZygote == 0) {
            return null;
        }
        while (true) {
            PooledSpare spare;
            synchronized (this) {
                Stock stock = stocks.computeIfAbsent(zygote, key -> new Stock());
                long now = System.nanoTime();
                stock.busy = now - stock.lastUse < BUSY_NANOS;
                stock.lastUse = now;
                spare = stock.ready.poll();
            }
            if (spare == null) {
                return null;
            }
            if (!spare.fits(spec.limits(), spec.network())) {
                spare.destroy();
            } else if (services.memory().hold(spare.account())) {
                return spare;
            }
        }
    }

    /** What is missing for a zygote that was just used is made soon, by another thread. */
    synchronized void order(PooledZygote zygote, Limits limits, Network network) {
        orders.put(zygote, new Order(limits, network));
        if (!looking) {
            looking = true;
            services.housekeeping().later(LOOK_EVERY, this::look);
        }
    }

    private void look() {
        Map<PooledZygote, Order> now;
        synchronized (this) {
            now = Map.copyOf(orders);
            orders.clear();
        }
        try {
            now.forEach((zygote, order) -> refill(zygote, order.limits(), order.network()));
        } finally {
            synchronized (this) {
                long since = System.nanoTime() - LOOK_NANOS;
                looking = stocks.values().stream().anyMatch(stock -> stock.lastUse - since > 0);
                if (looking) {
                    services.housekeeping().later(LOOK_EVERY, this::look);
                }
            }
        }
    }

    /** Blocks while sandboxes are made. */
    private void refill(PooledZygote zygote, Limits limits, Network network) {
        dropIdle();
        try {
            while (wanted(zygote)) {
                PooledSpare spare = make(zygote, limits, network);
                if (spare == null) {
                    return;
                }
                if (!keep(zygote, spare)) {
                    spare.destroy();
                }
            }
        } catch (SandboxException e) {
            LOG.log(Level.DEBUG, "no spare of " + zygote.id() + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean wanted(PooledZygote zygote) {
        Stock stock = stocks.get(zygote);
        return stock != null && stock.busy && stock.ready.size() < perZygote && zygote.alive();
    }

    private PooledSpare make(PooledZygote zygote, Limits limits, Network network)
            throws SandboxException, InterruptedException {
        Account account = services.memory().openNow(BYTES);
        if (account == null || !services.memory().hold(zygote.account())) {
            if (account != null) {
                services.memory().close(account);
            }
            return null;
        }
        PooledSpare spare = null;
        try {
            zygote.haveRoom();
            Sandbox inner = services.mechanism().createSpare(zygote.inner(), limits, network);
            services.mechanism().limitMemory(inner, BYTES);
            spare = new PooledSpare(services, inner, account, limits, network);
            services.living().add(spare);
            return spare;
        } finally {
            services.memory().release(zygote.account());
            if (spare == null) {
                services.memory().close(account);
            }
        }
    }

    private synchronized boolean keep(PooledZygote zygote, PooledSpare spare) {
        Stock stock = stocks.get(zygote);
        if (stock == null || !zygote.alive()) {
            return false;
        }
        stock.ready.add(spare);
        services.memory().releaseFirst(spare.account());
        return true;
    }

    private void dropIdle() {
        List<PooledSpare> dropped = new ArrayList<>();
        synchronized (this) {
            long now = System.nanoTime();
            for (Stock stock : stocks.values()) {
                if (now - stock.lastUse > BUSY_NANOS) {
                    dropped.addAll(stock.ready);
                    stock.ready.clear();
                }
                stock.ready.removeIf(spare -> !spare.alive());
            }
        }
        dropped.forEach(PooledSpare::destroy);
    }

    /** The zygote is gone, and its spares go. */
    void drop(PooledZygote zygote) {
        Stock stock;
        synchronized (this) {
            stock = stocks.remove(zygote);
            orders.remove(zygote);
        }
        if (stock != null) {
            stock.ready.forEach(PooledSpare::destroy);
        }
    }
}
