package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
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
final class KitStock {

    private static final System.Logger LOG = System.getLogger(KitStock.class.getName());
    /** How many are kept. A burst takes them one after the other while they are made again on another thread. */
    private static final int KEPT = 3;

    private final GroupFamily family;
    private final Executor supplier;
    private final Deque<Kit> ready = new ArrayDeque<>();
    private final AtomicBoolean supplying = new AtomicBoolean();
    private boolean closed;

    /**
     * @param family where the groups come from
     * @param supplier makes kits ahead
     */
    KitStock(GroupFamily family, Executor supplier) {
        this.family = family;
        this.supplier = supplier;
    }

    /** A kit for these limits. */
    Kit take(Limits limits) throws IOException {
        Kit kit;
        synchronized (this) {
            kit = ready.poll();
        }
        if (kit != null && !kit.limits().equals(limits)) {
            giveBack(kit);
            kit = null;
        }
        if (kit == null) {
            kit = make(limits);
        }
        return kit;
    }

    private Kit make(Limits limits) throws IOException {
        SandboxGroup group = family.take(limits);
        try {
            return Kit.make(group, limits, Linux.SOCK_STREAM, family.owner());
        } catch (IOException e) {
            family.giveBack(group, true);
            throw e;
        }
    }

    private void giveBack(Kit kit) {
        kit.discard();
        family.giveBack(kit.group(), true);
    }

    /** Has kits with these limits made if there are too few, on another thread; called when no request waits for it. */
    void replenish(Limits limits) {
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
                Kit kit = make(limits);
                if (!keep(kit)) {
                    giveBack(kit);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "the next leaf has to make its own cgroup: " + e.getMessage());
        }
    }

    private synchronized boolean wanted() {
        return !closed && ready.size() < KEPT;
    }

    private synchronized boolean keep(Kit kit) {
        if (closed) {
            return false;
        }
        ready.add(kit);
        return true;
    }

    /** No more leaves will be made. */
    void close() {
        List<Kit> unused;
        synchronized (this) {
            closed = true;
            unused = new ArrayList<>(ready);
            ready.clear();
        }
        unused.forEach(this::giveBack);
    }
}
