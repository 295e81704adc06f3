package io.zygotes.sandbox.sock.resource;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Kits for the leaves of one zygote, a few of them made ahead once the first was asked for: what is done here need not
 * be done while a request waits. Safe for use by many threads.
 */
public final class KitStock implements Surplus.Holder {

    private static final System.Logger LOG = System.getLogger(KitStock.class.getName());
    /** How many are kept. A burst takes them one after the other while they are made again on another thread. */
    private static final int KEPT = 3;

    private final Kits kits;
    private final GroupPool pool;
    private final Executor supplier;
    private final Surplus surplus;
    private final Deque<Kit> ready = new ArrayDeque<>();
    private final AtomicBoolean supplying = new AtomicBoolean();
    private boolean closed;

    /**
     * @param kits makes them
     * @param pool where the groups come from
     * @param supplier makes kits ahead
     * @param surplus says whether files are short, and has this stock emptied then
     */
    KitStock(Kits kits, GroupPool pool, Executor supplier, Surplus surplus) {
        this.kits = kits;
        this.pool = pool;
        this.supplier = supplier;
        this.surplus = surplus;
        surplus.add(this);
    }

    /** A kit for these limits. */
    public Kit take(Limits limits) throws IOException {
        Kit kit;
        synchronized (this) {
            kit = ready.poll();
        }
        if (kit != null && !kit.limits().equals(limits)) {
            giveBack(kit);
            kit = null;
        }
        if (kit == null) {
            kit = kits.make(pool, limits, pool.owner());
        }
        return kit;
    }

    private void giveBack(Kit kit) {
        kit.discard();
        pool.giveBack(kit.group(), true);
    }

    /** Has kits with these limits made if there are too few, on another thread; called when no request waits for it. */
    public void replenish(Limits limits) {
        if (wanted() && supplying.compareAndSet(false, true)) {
            try {
                supplier.execute(() -> {
                    supplying.set(false);
                    supply(limits);
                });
            } catch (RejectedExecutionException e) {
                supplying.set(false); // the worker is stopping
            }
        }
    }

    private void supply(Limits limits) {
        try {
            while (wanted()) {
                Kit kit = kits.makeAhead(pool, limits);
                if (!keep(kit)) {
                    giveBack(kit);
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            LOG.log(Level.DEBUG, "the next leaf has to make its own cgroup: " + e.getMessage());
        }
    }

    private synchronized boolean wanted() {
        return !closed && ready.size() < KEPT && !surplus.isShort();
    }

    private synchronized boolean keep(Kit kit) {
        if (closed) {
            return false;
        }
        ready.add(kit);
        return true;
    }

    /** No more leaves will be made. */
    public void close() {
        surplus.remove(this);
        synchronized (this) {
            closed = true;
        }
        empty();
    }

    @Override
    public void giveUp() {
        empty();
        pool.giveUpUnused();
    }

    private void empty() {
        List<Kit> unused;
        synchronized (this) {
            unused = new ArrayList<>(ready);
            ready.clear();
        }
        unused.forEach(this::giveBack);
    }
}
