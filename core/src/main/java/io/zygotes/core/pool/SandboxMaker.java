package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes leaves and zygotes: checks the safety rule, reserves the memory, and has the mechanism make them. A leaf may be
 * another one instead, which became free for its request meanwhile. Safe for use by many threads.
 */
final class SandboxMaker {

    private static final Logger LOG = System.getLogger(SandboxMaker.class.getName());

    /** A request waits for the memory of a zygote no longer than one part in so many of what it may wait still. */
    private static final int ZYGOTE_WAITS_PART = 4;

    private final PoolServices services;
    private final FittingParents parents;
    private final Spares spares;
    private final PoolListener listener;
    private final ZygoteForks forks;
    private final Relief relief;

    SandboxMaker(PoolServices services, Spares spares, PoolListener listener) {
        this.services = services;
        this.parents = new FittingParents(services);
        this.spares = spares;
        this.listener = listener;
        this.forks = new ZygoteForks(services, listener);
        this.relief = new Relief(services.memory());
    }

    /** As {@link io.zygotes.spi.Sandboxes#createLeaf}. */
    Leaf createLeaf(SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, LeafSpec spec)
            throws SandboxException, InterruptedException {
        PooledZygote asked = own(parent);
        if (asked == null) {
            return leafOf(null, owner, claimant, spec);
        }
        checkRule(asked, spec.packages(), "lambda " + spec.lambda());
        if (asked.function().isPresent() && !asked.function().get().equals(spec)) {
            throw new IllegalArgumentException("zygote " + asked.id() + " is the own one of lambda "
                    + asked.function().get().lambda() + ", whose code it has imported; nothing but leaves of this very"
                    + " version of it must be forked from it, and not one of lambda " + spec.lambda());
        }
        PooledZygote zygote = parents.ofLeaf(asked, spec);
        if (zygote == null) {
            return leafOf(null, owner, claimant, spec);
        }
        services.memory().want(zygote.account());
        try {
            return leafOf(zygote, owner, claimant, spec);
        } catch (SandboxException.ZygoteGone e) {
            if (zygote == asked) {
                throw e;
            }
            // Nobody asked for that one, so it is nobody's to replace; the one that was asked for lives on.
            return leafOf(null, owner, claimant, spec);
        } finally {
            services.memory().unwant(zygote.account());
        }
    }

    private Leaf leafOf(PooledZygote zygote, SandboxOwner owner, Claimant claimant, LeafSpec spec)
            throws SandboxException, InterruptedException {
        long bytes = bytes(spec.limits().memMb());
        Account account = null;
        while (account == null) {
            PooledLeaf free = settle(claimant);
            if (free != null) {
                return free;
            }
            account = services.memory().open(bytes, accountOf(zygote), claimant, claimant.deadlineNanos());
        }
        claimant.gotMemory();
        PooledLeaf leaf = null;
        try {
            Leaf inner = relief.make(() -> forkLeaf(claimant, zygote, spec));
            leaf = new PooledLeaf(services, owner, inner, account, zygote, bytes);
            services.living().add(leaf);
        } finally {
            if (leaf == null) {
                services.memory().close(account);
            }
        }
        services.living().tell(SandboxEvent.Kind.MADE, leaf);
        if (zygote != null && spares.areKept() && zygote.function().isEmpty()) {
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
            return made != null ? made : services.mechanism().createLeaf(parent, spec);
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

    /** As {@link io.zygotes.spi.Sandboxes#createFunctionZygote}. */
    Zygote createFunctionZygote(
            SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, FunctionZygoteSpec function)
            throws SandboxException, InterruptedException {
        LeafSpec leaf = function.leaf();
        PooledZygote zygote = ofPackages(own(parent), "the own zygote of lambda " + leaf.lambda());
        if (zygote != null) {
            checkRule(zygote, leaf.packages(), "lambda " + leaf.lambda());
        }
        PooledZygote fitting = zygote == null ? null : parents.ofLeaf(zygote, leaf);
        ZygoteSpec spec = new ZygoteSpec(leaf.packages().stream().sorted().toList(), leaf.limits());
        return zygoteOf(fitting, owner, claimant, new ZygotePlan(spec, Optional.of(function)));
    }

    private static PooledZygote ofPackages(PooledZygote zygote, String who) {
        if (zygote != null && zygote.function().isPresent()) {
            throw new IllegalArgumentException("zygote " + zygote.id() + " has imported the code of lambda "
                    + zygote.function().get().lambda() + "; " + who + " must not be forked from it");
        }
        return zygote;
    }

    /** As {@link io.zygotes.spi.Sandboxes#createZygote}. */
    Zygote createZygote(SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        PooledZygote zygote = checkedParent(parent, spec);
        if (zygote == null) {
            return zygoteOf(null, owner, claimant, new ZygotePlan(spec));
        }
        services.memory().want(zygote.account());
        try {
            return zygoteOf(zygote, owner, claimant, new ZygotePlan(spec));
        } finally {
            services.memory().unwant(zygote.account());
        }
    }

    /** As {@link io.zygotes.spi.Sandboxes#createZygoteIfFree}. */
    Optional<Zygote> createZygoteIfFree(SandboxOwner owner, Claimant claimant, Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        PooledZygote zygote = checkedParent(parent, spec);
        Account account = services.memory().openNow(bytes(spec.limits().memMb()));
        return account == null
                ? Optional.empty()
                : Optional.of(zygoteIn(account, zygote, owner, claimant, new ZygotePlan(spec)));
    }

    /** As {@link io.zygotes.spi.LeafRequest#imports}. */
    Set<String> imports(LeafSpec spec) {
        return listener.modules().imports(spec);
    }

    /** As {@link io.zygotes.spi.Sandboxes#weigh}. */
    void weigh(Zygote zygote, double weight) {
        if (!(weight >= 0 && weight <= Sandboxes.MOST_WEIGHT)) {
            throw new IllegalArgumentException("the weight of zygote " + zygote.id() + " must be from 0 to "
                    + Sandboxes.MOST_WEIGHT + ", and not " + weight);
        }
        services.memory().weighs(own(Optional.of(zygote)).account(), weight);
    }

    /** As {@link io.zygotes.spi.Sandboxes#pin}, for an owner that has not ended. */
    boolean pin(SandboxOwner owner, Zygote zygote) {
        Account account = own(Optional.of(zygote)).account();
        boolean pinned = services.memory().pin(account);
        if (pinned && owner.closed()) {
            services.memory().unpin(account);
            return false;
        }
        return pinned;
    }

    /** As {@link io.zygotes.spi.Sandboxes#unpin}. */
    void unpin(Zygote zygote) {
        services.memory().unpin(own(Optional.of(zygote)).account());
    }

    /** As {@link io.zygotes.spi.Sandboxes#rest}. */
    void rest(Leaf leaf) {
        if (!(leaf instanceof PooledLeaf pooled) || pooled.services() != services || pooled.isAdopted()) {
            throw new IllegalArgumentException("leaf " + leaf.id()
                    + " is not the cache's: it is of another pool, or was returned from createLeaf before");
        }
        pooled.rest();
    }

    private PooledZygote checkedParent(Optional<Zygote> parent, ZygoteSpec spec) {
        PooledZygote zygote = ofPackages(own(parent), "another zygote");
        if (zygote != null) {
            checkRule(zygote, new HashSet<>(spec.packages()), "the new zygote");
        }
        return parents.ofZygote(zygote, spec);
    }

    private Zygote zygoteOf(PooledZygote zygote, SandboxOwner owner, Claimant claimant, ZygotePlan plan)
            throws SandboxException, InterruptedException {
        long bytes = plan.bytes();
        if (claimant.takesOnlyFree()) {
            Account free = services.memory().openNow(bytes);
            if (free == null) {
                throw new SandboxException.NoCapacity("there is no free memory for a zygote with "
                        + plan.spec().packages() + " yet");
            }
            return zygoteIn(free, zygote, owner, claimant, plan);
        }
        long deadline = zygoteDeadline(claimant);
        Account account = services.memory().openZygote(bytes, accountOf(zygote), claimant, deadline);
        while (account == null) {
            if (settle(claimant) != null) {
                throw new SandboxException.NoCapacity("there is no memory for a zygote with "
                        + plan.spec().packages()
                        + " yet, and its request needs none any longer: a leaf of the same lambda became free");
            }
            account = services.memory().openZygote(bytes, accountOf(zygote), claimant, deadline);
        }
        return zygoteIn(account, zygote, owner, claimant, plan);
    }

    /** A request has to have time left to be served without the zygote. */
    private static long zygoteDeadline(Claimant claimant) {
        long now = System.nanoTime();
        long patience = claimant.deadlineNanos() - now;
        return now + (claimant.inBackground() ? patience : patience / ZYGOTE_WAITS_PART);
    }

    private Zygote zygoteIn(
            Account account, PooledZygote zygote, SandboxOwner owner, Claimant claimant, ZygotePlan plan)
            throws SandboxException, InterruptedException {
        PooledZygote made = null;
        long start = System.nanoTime();
        try {
            Zygote inner = relief.make(() -> forks.fork(zygote, plan));
            made = new PooledZygote(services, owner, inner, zygote, account, System.nanoTime() - start);
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
        finish(made, claimant, plan.spec());
        return made;
    }

    private void finish(PooledZygote made, Claimant claimant, ZygoteSpec spec) {
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
        services.memory().setZygote(made.account());
        services.memory().costs(made.account(), made.remakeNanos());
        keepFor(claimant, made.account());
        services.memory().release(made.account());
    }

    /** It is idle until the request forks from it, and would be the first to be evicted in that moment. */
    private void keepFor(Claimant claimant, Account account) {
        services.memory().want(account);
        Runnable unwant = () -> services.memory().unwant(account);
        if (!claimant.keeps(unwant)) {
            unwant.run();
        }
    }

    /** The zygote is spared and wanted, but not held: after a while, others who wait may evict it. */
    private static Account accountOf(PooledZygote zygote) {
        return zygote == null ? null : zygote.account();
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
