package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes leaves and zygotes: checks the safety rule, reserves the memory, and has the mechanism make them. A leaf may be
 * another one instead, which became free for its request meanwhile. Safe for use by many threads.
 */
final class SandboxMaker {

    private static final Logger LOG = System.getLogger(SandboxMaker.class.getName());

    /** Of what the log was told once. */
    private static final int MOST_TOLD = 10_000;

    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final PoolServices services;
    private final Spares spares;
    private final PoolListener listener;

    SandboxMaker(PoolServices services, Spares spares, PoolListener listener) {
        this.services = services;
        this.spares = spares;
        this.listener = listener;
    }

    /** As {@link io.zygotes.spi.Sandboxes#createLeaf}. */
    Leaf createLeaf(SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, LeafSpec spec)
            throws SandboxException, InterruptedException {
        PooledZygote zygote = fitting(own(parent), spec);
        if (zygote != null) {
            checkRule(zygote, spec.packages(), "lambda " + spec.lambda());
        }
        long bytes = bytes(spec.limits().memMb());
        long deadline = claimant.deadlineNanos();
        Account account = null;
        while (account == null) {
            PooledLeaf free = settle(claimant);
            if (free != null) {
                return free;
            }
            account = reserve(bytes, zygote, claimant, deadline);
        }
        PooledLeaf leaf = null;
        try {
            Leaf inner = forkLeaf(claimant, zygote, spec);
            leaf = new PooledLeaf(services, owner, inner, account, zygote, bytes);
            services.living().add(leaf);
        } finally {
            if (leaf == null) {
                services.memory().close(account);
            }
        }
        services.living().tell(SandboxEvent.Kind.MADE, leaf);
        if (zygote != null && spares.areKept()) {
            spares.order(zygote, spec.limits(), spec.network());
        }
        return leaf;
    }

    private Leaf forkLeaf(Claimant claimant, PooledZygote zygote, LeafSpec spec)
            throws SandboxException, InterruptedException {
        if (zygote == null) {
            return services.mechanism().createLeaf(Optional.empty(), spec);
        }
        return zygote.whileHeld(parent -> {
            Leaf made = claimant.takesOthers() ? fromSpare(zygote, spec) : null;
            if (made == null) {
                made = services.mechanism().createLeaf(parent, spec);
                zygote.countFork();
            }
            return made;
        });
    }

    /** Makes a spare of the zygote the leaf; null if there is none that can be used. */
    private Leaf fromSpare(PooledZygote zygote, LeafSpec spec) throws InterruptedException {
        for (PooledSpare spare = spares.take(zygote, spec); spare != null; spare = spares.take(zygote, spec)) {
            try {
                Leaf leaf = services.mechanism().specialise(spare.inner(), spec);
                spare.handOver();
                return leaf;
            } catch (SandboxException e) {
                LOG.log(Level.DEBUG, "spare " + spare.id() + " was of no use: " + e.getMessage());
                spare.destroy();
            } catch (InterruptedException | RuntimeException e) {
                spare.destroy();
                throw e;
            }
        }
        return null;
    }

    /** As {@link io.zygotes.spi.Sandboxes#createZygote}. */
    Zygote createZygote(SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        PooledZygote zygote = own(parent);
        if (zygote != null) {
            checkRule(zygote, new HashSet<>(spec.packages()), "the new zygote");
        }
        long bytes = bytes(spec.limits().memMb());
        long deadline = claimant.deadlineNanos();
        Account account = reserve(bytes, zygote, claimant, deadline);
        while (account == null) {
            if (settle(claimant) != null) {
                throw new SandboxException.NoCapacity("there is no memory for a zygote with " + spec.packages()
                        + " yet, and its request needs none any longer: a leaf of the same lambda became free");
            }
            account = reserve(bytes, zygote, claimant, deadline);
        }
        PooledZygote made = null;
        try {
            made = new PooledZygote(services, owner, forkZygote(zygote, spec), account);
            services.living().add(made);
        } catch (SandboxException.ImportFailed e) {
            if (!e.unfit().isEmpty()) {
                listener.onUnfit(e.unfit());
            }
            throw e;
        } finally {
            if (made == null) {
                services.memory().close(account);
            }
        }
        finish(made, spec);
        return made;
    }

    private Zygote forkZygote(PooledZygote zygote, ZygoteSpec spec) throws SandboxException, InterruptedException {
        if (zygote == null) {
            return services.mechanism().createZygote(Optional.empty(), spec);
        }
        return zygote.whileHeld(parent -> {
            Zygote made = services.mechanism().createZygote(parent, spec);
            zygote.countFork();
            return made;
        });
    }

    private void finish(PooledZygote made, ZygoteSpec spec) {
        made.whenGone(() -> spares.drop(made));
        try {
            if (!Set.copyOf(made.packages()).equals(Set.copyOf(spec.packages()))) {
                throw new IllegalStateException(
                        "zygote " + made.id() + " holds " + made.packages() + " instead of " + spec.packages());
            }
            made.fitToUse();
        } catch (RuntimeException e) {
            made.destroy();
            throw e;
        }
        services.living().tell(SandboxEvent.Kind.MADE, made);
        listener.onImportCosts(made.importCosts());
        services.memory().release(made.account());
    }

    /** Reserves memory; the zygote is spared, but not held: others who wait may evict it. Null if settled. */
    private Account reserve(long bytes, PooledZygote zygote, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        return services.memory().open(bytes, zygote == null ? null : zygote.account(), claimant, deadline);
    }

    /** The leaf for which a claimant is settled; null if it is not. */
    private PooledLeaf settle(Claimant claimant) throws SandboxException.NoCapacity, InterruptedException {
        PooledLeaf free = claimant.settle();
        if (free != null) {
            // Other threads may wait on behalf of the same request, and would hold up its leaf until their turn.
            services.memory().wake();
        }
        return free;
    }

    /** The zygote, or null where the lambda would answer otherwise in its leaf than in a process of its own. */
    private PooledZygote fitting(PooledZygote zygote, LeafSpec spec) {
        if (zygote == null) {
            return null;
        }
        Optional<String> misfit = services.mechanism().misfit(zygote.inner(), spec);
        if (misfit.isEmpty()) {
            return zygote;
        }
        if (told.add(spec.lambda() + misfit.get())) {
            LOG.log(
                    Level.INFO,
                    "lambda " + spec.lambda() + " is served by fresh processes instead of forks of " + zygote.id()
                            + ": " + misfit.get());
        }
        if (told.size() > MOST_TOLD) {
            told.clear();
        }
        return null;
    }

    private PooledZygote own(Optional<Zygote> parent) {
        if (parent.isEmpty()) {
            return null;
        }
        if (parent.get() instanceof PooledZygote zygote && zygote.services() == services) {
            return zygote;
        }
        throw new IllegalArgumentException("zygote " + parent.get().id() + " was not made by this pool");
    }

    private static void checkRule(PooledZygote parent, Set<PackageId> allowed, String who) {
        List<PackageId> tooMany = new ArrayList<>(parent.packages());
        tooMany.removeAll(allowed);
        if (!tooMany.isEmpty()) {
            throw new IllegalArgumentException("zygote " + parent.id() + " has imported " + tooMany + ", which " + who
                    + " did not ask for; it must not be forked from it");
        }
    }

    private static long bytes(int megabytes) {
        return (long) megabytes << 20;
    }
}
