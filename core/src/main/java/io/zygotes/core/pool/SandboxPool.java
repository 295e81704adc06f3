package io.zygotes.core.pool;

import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Every sandbox of the worker. Reserves memory before a sandbox is made and until it is gone, evicts idle sandboxes
 * when memory is short, checks that a leaf is forked only from a zygote whose packages its lambda asked for, and tells
 * the import cache what happens.
 */
public final class SandboxPool implements Sandboxes, AutoCloseable {

    /** What a frozen leaf keeps beside what it uses: the kernel charges memory in batches of 64 pages a processor. */
    private static final long LEAF_SLACK = 2L << 20;
    /**
     * What a zygote keeps beside what it uses after its imports: the page tables of its children are charged to it
     * while they are copied, and it allocates a little for each fork.
     */
    private static final long ZYGOTE_SLACK = 32L << 20;
    /** Children after which a zygote's room is looked at. */
    private static final int FORKS_BETWEEN_LOOKS = 8;
    /** After how many milliseconds housekeeping starts: not while the request that gave rise to it needs the processors. */
    private static final int LATER_MILLIS = 1;

    private static final Logger LOG = System.getLogger(SandboxPool.class.getName());

    private final MemoryLedger ledger;
    private final boolean downsize;
    private final Duration patience;
    private final Freezer freezer;
    private final Spares spares;
    private final ScheduledExecutorService background;
    private final Map<Sandbox, PooledSandbox> byInner = new ConcurrentHashMap<>();
    private volatile SandboxMechanism mechanism;
    private volatile PoolListener listener;

    /**
     * @param totalBytes {@code mem_pool_mb} in bytes
     * @param downsize whether idle leaves give back memory
     * @param grace how long a leaf is idle before it is frozen
     * @param patience how long a sandbox that is not for a request, such as an install, waits for memory
     * @param spareLeaves leaves to fork ahead for each busy zygote
     */
    public SandboxPool(long totalBytes, boolean downsize, Duration grace, Duration patience, int spareLeaves) {
        this.ledger = new MemoryLedger(totalBytes);
        this.downsize = downsize;
        this.patience = patience;
        this.spares = new Spares(this, spareLeaves);
        this.freezer = new Freezer(grace.toNanos(), leaf -> leaf.freezeIfIdle(downsize, LEAF_SLACK));
        this.background = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("pool").daemon().factory());
        // the thread is there before one is hard to get: the ends of sandboxes are told on the way to it
        background.execute(() -> {});
    }

    /**
     * Connects the pool to what makes its sandboxes and to who listens. Called once, before the first sandbox.
     *
     * @param mechanism makes them
     * @param listener hears of them
     */
    public void start(SandboxMechanism mechanism, PoolListener listener) {
        this.listener = Objects.requireNonNull(listener);
        this.mechanism = Objects.requireNonNull(mechanism);
    }

    MemoryLedger ledger() {
        return ledger;
    }

    Freezer freezer() {
        return freezer;
    }

    SandboxMechanism mechanism() {
        return mechanism;
    }

    /** Memory now. */
    public MemoryBudget memory() {
        return ledger.budget();
    }

    /** How many threads wait for memory. */
    public int waiting() {
        return ledger.waiting();
    }

    /**
     * Whether the first in line has waited for memory for so long that others should leave it what becomes free.
     *
     * @param own tells the demands for which the caller would keep what becomes free
     * @param nanos how long is long
     */
    public boolean othersStarve(Predicate<Demand> own, long nanos) {
        return ledger.firstStarves(own, nanos);
    }

    /** Lets all who wait for memory look whether they were offered something better. */
    public void wake() {
        ledger.wake();
    }

    /** All sandboxes that live; a snapshot. */
    public Collection<Sandbox> sandboxes() {
        return List.copyOf(byInner.values());
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        PooledZygote zygote = own(parent);
        if (zygote != null) {
            checkRule(zygote, spec.packages(), "lambda " + spec.lambda());
        }
        long bytes = bytes(spec.limits().memMb());
        MemoryLedger.Account account = reserve(bytes, zygote);
        PooledLeaf leaf = null;
        try (Hold hold = new Hold(zygote)) {
            Leaf inner = fromSpare(zygote, spec);
            if (inner == null) {
                inner = hold.fork(from -> mechanism.createLeaf(from, spec));
            }
            leaf = new PooledLeaf(this, inner, account, birth(zygote), bytes);
            byInner.put(inner, leaf);
        } finally {
            if (leaf == null) {
                ledger.close(account);
            }
        }
        tell(SandboxEvent.Kind.MADE, leaf);
        if (zygote != null && spares.areKept()) {
            spares.order(zygote, spec.limits(), spec.network());
        }
        return leaf;
    }

    /** Makes a spare of the zygote the leaf; null if there is none that can be used. */
    private Leaf fromSpare(PooledZygote zygote, LeafSpec spec) throws InterruptedException {
        if (Demand.current() != null && !Demand.current().takesOthers()) {
            return null;
        }
        for (PooledSpare spare = spares.take(zygote, spec); spare != null; spare = spares.take(zygote, spec)) {
            try {
                Leaf leaf = mechanism.specialise(spare.inner(), spec);
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

    PooledSpare register(Sandbox inner, MemoryLedger.Account account, Limits limits, Network network) {
        PooledSpare spare = new PooledSpare(this, inner, account, limits, network);
        byInner.put(inner, spare);
        return spare;
    }

    /** The sandbox is somebody else's from now on. */
    void disown(Sandbox inner) {
        byInner.remove(inner);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        PooledZygote zygote = own(parent);
        if (zygote != null) {
            checkRule(zygote, new HashSet<>(spec.packages()), "the new zygote");
        }
        MemoryLedger.Account account = reserve(bytes(spec.limits().memMb()), zygote);
        PooledZygote made = null;
        try (Hold hold = new Hold(zygote)) {
            Zygote inner = hold.fork(from -> mechanism.createZygote(from, spec));
            made = new PooledZygote(this, inner, account);
            byInner.put(inner, made);
        } finally {
            if (made == null) {
                ledger.close(account);
            }
        }
        try {
            if (!Set.copyOf(made.packages()).equals(Set.copyOf(spec.packages()))) {
                throw new IllegalStateException(
                        "zygote " + made.id() + " holds " + made.packages() + " instead of " + spec.packages());
            }
            fitToUse(made);
        } catch (RuntimeException e) {
            made.destroy();
            throw e;
        }
        tell(SandboxEvent.Kind.MADE, made);
        listener.onImportCosts(made.importCosts());
        ledger.release(account);
        return made;
    }

    /**
     * Runs a job; its memory counts as that of any sandbox.
     *
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException as {@link SandboxMechanism#run}
     * @throws InterruptedException if the calling thread is interrupted
     */
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        MemoryLedger.Account account =
                ledger.open(bytes(job.limits().memMb()), null, null, System.nanoTime() + patience.toNanos());
        try {
            return mechanism.run(job);
        } finally {
            ledger.close(account);
        }
    }

    /** Runs a job if there is free memory right now; empty if there is not. Otherwise as {@link #run}. */
    public Optional<JobResult> runIfRoom(Job job) throws SandboxException, InterruptedException {
        MemoryLedger.Account account = ledger.openNow(bytes(job.limits().memMb()));
        if (account == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(mechanism.run(job));
        } finally {
            ledger.close(account);
        }
    }

    /**
     * Takes the mechanism's word that a sandbox ended by itself. A leaf in use is left to the thread that uses it,
     * which finds out why from the failed call.
     */
    public void onDied(SandboxEvent event) {
        PooledSandbox sandbox = byInner.get(event.sandbox());
        if (sandbox == null || event.kind() != SandboxEvent.Kind.DIED) {
            return;
        }
        later(() -> {
            if (!(sandbox instanceof PooledLeaf) || ledger.isIdle(sandbox.account())) {
                sandbox.end(SandboxEvent.Kind.DIED);
            }
        });
    }

    /** Ends all waiting and destroys every sandbox. Idempotent. */
    @Override
    public void close() {
        ledger.shut();
        freezer.close();
        background.shutdown();
        new ArrayList<>(byInner.values()).forEach(PooledSandbox::destroy);
    }

    void tell(SandboxEvent.Kind kind, PooledSandbox sandbox) {
        try {
            listener.onEvent(new SandboxEvent(kind, sandbox));
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "the import cache failed on the event " + kind + " of " + sandbox.id(), e);
        }
    }

    void forget(PooledSandbox sandbox, Sandbox inner, SandboxEvent.Kind reason) {
        byInner.remove(inner, sandbox);
        if (sandbox instanceof PooledZygote zygote) {
            spares.drop(zygote);
        }
        if (!(sandbox instanceof PooledSpare)) {
            tell(reason, sandbox);
        }
    }

    void broken(PooledSandbox sandbox, String what, RuntimeException e) {
        LOG.log(Level.ERROR, "could not " + what + " sandbox " + sandbox.id(), e);
    }

    private MemoryLedger.Account reserve(long bytes, PooledZygote spared)
            throws SandboxException, InterruptedException {
        Demand demand = Demand.current();
        long deadline = demand != null ? demand.deadlineNanos() : System.nanoTime() + patience.toNanos();
        MemoryLedger.Account account = ledger.open(bytes, spared == null ? null : spared.account(), demand, deadline);
        if (account == null) {
            throw new SandboxException.NoLongerNeeded("a leaf of the same lambda became free");
        }
        return account;
    }

    private PooledZygote own(Optional<Zygote> parent) {
        if (parent.isEmpty()) {
            return null;
        }
        if (parent.get() instanceof PooledZygote zygote && zygote.pool() == this) {
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

    private static PooledLeaf.Birth birth(PooledZygote parent) {
        Demand demand = Demand.current();
        boolean madeForIt = parent != null && demand != null && parent.madeNanos() - demand.startedNanos() > 0;
        return parent == null || madeForIt ? PooledLeaf.Birth.COLD : PooledLeaf.Birth.HIT;
    }

    /** Lowers a zygote's limit to what it uses after its imports. */
    private void fitToUse(PooledZygote zygote) {
        long wanted = zygote.memoryBytes() + ZYGOTE_SLACK;
        long held = ledger.bytes(zygote.account());
        if (wanted < held) {
            ledger.shrink(zygote.account(), Math.min(held, mechanism.limitMemory(zygote.inner(), wanted)));
        }
    }

    /** Keeps room for the zygote's further children, if there is memory. */
    private void keepRoom(PooledZygote zygote) {
        long used = zygote.memoryBytes();
        long wanted = used + ZYGOTE_SLACK;
        if (ledger.bytes(zygote.account()) - used < ZYGOTE_SLACK / 2 && ledger.growNow(zygote.account(), wanted)) {
            mechanism.limitMemory(zygote.inner(), wanted);
        }
    }

    private void later(Runnable task) {
        later(LATER_MILLIS, task);
    }

    /** Runs housekeeping after so many milliseconds. */
    void later(int millis, Runnable task) {
        try {
            background.schedule(
                    () -> {
                        try {
                            task.run();
                        } catch (RuntimeException e) {
                            LOG.log(Level.ERROR, "housekeeping of the sandbox pool failed", e);
                        }
                    },
                    millis,
                    TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.DEBUG, "the pool is closed already", e);
        }
    }

    private static long bytes(int megabytes) {
        return (long) megabytes << 20;
    }

    @FunctionalInterface
    private interface Fork<T> {
        T from(Optional<Zygote> parent) throws SandboxException, InterruptedException;
    }

    /** Keeps a zygote from being evicted while it is forked. */
    private final class Hold implements AutoCloseable {

        private final PooledZygote zygote;

        Hold(PooledZygote zygote) throws SandboxException.ZygoteGone {
            if (zygote != null && !ledger.hold(zygote.account())) {
                throw new SandboxException.ZygoteGone("zygote " + zygote.id() + " was evicted or ended");
            }
            this.zygote = zygote;
        }

        <T> T fork(Fork<T> fork) throws SandboxException, InterruptedException {
            if (zygote == null) {
                return fork.from(Optional.empty());
            }
            try {
                T child = fork.from(Optional.of(zygote.inner()));
                if (zygote.forked() % FORKS_BETWEEN_LOOKS == 0) {
                    later(() -> keepRoom(zygote));
                }
                return child;
            } catch (SandboxException.ZygoteGone e) {
                zygote.end(SandboxEvent.Kind.DIED);
                throw e;
            }
        }

        @Override
        public void close() {
            if (zygote != null) {
                ledger.release(zygote.account());
            }
        }
    }
}
