package io.zygotes.core.pool;

import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Every sandbox of the worker. Reserves memory before a sandbox is made and until it is gone, evicts idle sandboxes
 * when memory is short, checks that a leaf is forked only from a zygote whose packages its lambda asked for, and tells
 * what happens. Safe for use by many threads.
 */
public final class SandboxPool implements AutoCloseable {

    /** What a frozen leaf keeps beside what it uses: the kernel charges memory in batches of 64 pages a processor. */
    private static final long LEAF_SLACK = 2L << 20;

    private final Reservations memory;
    private final Relief relief;
    private final Freezer freezer;
    private final Housekeeping housekeeping = new Housekeeping();
    private final OwnAccord ownAccord;
    private final int spareLeaves;
    private volatile Started started;

    /** What there is once it is known what makes the sandboxes. */
    private record Started(PoolServices services, SandboxMaker maker, JobRunner jobs) {}

    /**
     * @param totalBytes {@code mem_pool_mb} in bytes
     * @param downsize whether idle leaves give back memory
     * @param grace how long a leaf is idle before it is frozen
     * @param patience how long a sandbox that is not for a request, such as an install, waits for memory
     * @param spareLeaves leaves to fork ahead for each busy zygote
     */
    public SandboxPool(long totalBytes, boolean downsize, Duration grace, Duration patience, int spareLeaves) {
        this.memory = new Reservations(totalBytes);
        this.relief = new Relief(memory);
        this.ownAccord = new OwnAccord(patience);
        this.spareLeaves = spareLeaves;
        this.freezer = new Freezer(grace.toNanos(), leaf -> leaf.freezeIfIdle(downsize, LEAF_SLACK));
    }

    /**
     * Connects the pool to what makes its sandboxes and to who listens. Called once, before the first sandbox.
     *
     * @param mechanism makes them
     * @param listener hears of them all
     */
    public void start(SandboxMechanism mechanism, PoolListener listener) {
        PoolServices services =
                new PoolServices(memory, mechanism, new LivingSandboxes(listener), freezer, housekeeping);
        SandboxMaker maker = new SandboxMaker(services, new Spares(services, spareLeaves), listener);
        started = new Started(services, maker, new JobRunner(services, ownAccord));
    }

    private Started started() {
        Started present = started;
        if (present == null) {
            throw new IllegalStateException("the pool of sandboxes has not started");
        }
        return present;
    }

    /** Makes leaves and zygotes, once the pool has started. */
    SandboxMaker maker() {
        return started().maker();
    }

    /**
     * The pool for what is made of somebody's own accord. It waits for memory with the pool's own patience. May be
     * asked for before the pool has started.
     *
     * @param owner hears of the sandboxes that are made with it
     */
    public Sandboxes sandboxes(SandboxOwner owner) {
        return new CacheSandboxes(this, owner, ownAccord);
    }

    /**
     * A request as an import cache sees it, with the pool on its behalf.
     *
     * @param pending the request
     * @param owner hears of the sandboxes that are made for it; not of a leaf that was there before
     */
    public LeafRequest request(PendingRequest pending, SandboxOwner owner) {
        return new CacheRequest(pending, new CacheSandboxes(this, owner, pending), maker().imports(pending.spec()));
    }

    /**
     * An owner has ended. What it leaves behind can be evicted, although it was pinned.
     *
     * @param owner one that is {@linkplain SandboxOwner#closed closed}
     */
    public void forget(SandboxOwner owner) {
        Started present = started;
        if (present != null) {
            present.services().living().all().stream()
                    .filter(sandbox -> sandbox.owner() == owner)
                    .forEach(sandbox -> memory.unpin(sandbox.account()));
        }
    }

    /**
     * A function that is to have a zygote of its own as an import cache sees it, with the pool on its behalf.
     *
     * @param spec what the zygote must be
     * @param onlyFree whether it is made of free memory only
     * @param owner hears of the sandboxes that are made for it
     */
    public FunctionZygoteRequest request(FunctionZygoteSpec spec, boolean onlyFree, SandboxOwner owner) {
        Claimant claimant = onlyFree ? ownAccord.onlyOfFree() : ownAccord;
        return new FunctionRequest(spec, new CacheSandboxes(this, owner, claimant));
    }

    /** Whether a zygote of this pool was destroyed because others needed its memory. */
    public boolean wasEvicted(Zygote zygote) {
        return zygote instanceof PooledZygote pooled && memory.wasEvicted(pooled.account());
    }

    /**
     * Makes a leaf for a request that is a fresh process, past the import cache.
     *
     * @throws SandboxException as {@link Sandboxes#createLeaf}
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public Leaf createFresh(PendingRequest pending) throws SandboxException, InterruptedException {
        return started().maker().createLeaf(event -> {}, pending, Optional.empty(), pending.spec());
    }

    /**
     * Ends some leaves at rest, if something else than making a sandbox failed because open files or processes are
     * short, and rests a moment. Where sandboxes are made that is done already.
     *
     * @param failure what happened
     * @param attempt how often it was tried, 1 for the first time
     * @return whether to try again
     * @throws InterruptedException if the calling thread is interrupted
     */
    public boolean relieve(Throwable failure, int attempt) throws InterruptedException {
        return relief.relieve(failure, attempt);
    }

    /** As {@link SandboxMechanism#cannotRuleNetwork}. */
    public Optional<String> cannotRuleNetwork() {
        return started().services().mechanism().cannotRuleNetwork();
    }

    /** As {@link SandboxMechanism#networkRefusals}; none before the pool has started. */
    public Map<String, Long> networkRefusals() {
        Started present = started;
        return present == null ? Map.of() : present.services().mechanism().networkRefusals();
    }

    /** Memory now. */
    public MemoryBudget memory() {
        return memory.budget();
    }

    /** Whether so much memory is free or held by idle sandboxes, as long as nobody else takes it. */
    public boolean isObtainable(long bytes) {
        return memory.isObtainable(bytes);
    }

    /** How many threads wait for memory. */
    public int waiting() {
        return memory.waiting();
    }

    /**
     * Whether the first in line has waited for memory for so long that others should leave it what becomes free.
     *
     * @param own the requests for which the caller would keep what becomes free
     * @param nanos how long is long
     */
    public boolean othersStarve(Set<PendingRequest> own, long nanos) {
        return memory.firstStarves(own, nanos);
    }

    /** Lets all who wait for memory look whether they were offered something better. */
    public void wake() {
        memory.wake();
    }

    /** All sandboxes that live; a snapshot. */
    public Collection<Sandbox> sandboxes() {
        Started present = started;
        return present == null
                ? List.of()
                : List.copyOf(present.services().living().all());
    }

    /**
     * Runs a job; its memory counts as that of any sandbox.
     *
     * @throws SandboxException.NoCapacity if there is no memory for it
     * @throws SandboxException as {@link SandboxMechanism#run}
     * @throws InterruptedException if the calling thread is interrupted
     */
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        return started().jobs().run(job);
    }

    /** Runs a job if there is free memory right now; empty if there is not. Otherwise as {@link #run}. */
    public Optional<JobResult> runIfRoom(Job job) throws SandboxException, InterruptedException {
        return started().jobs().runIfRoom(job);
    }

    /** What is done in a leaf of the worker's own. */
    @FunctionalInterface
    public interface OwnWork {

        /**
         * Does it.
         *
         * @param leaf the leaf; destroyed afterwards
         * @throws SandboxException if the leaf fails
         * @throws InterruptedException if the calling thread is interrupted
         */
        void run(Leaf leaf) throws SandboxException, InterruptedException;
    }

    /**
     * Has something done in a leaf that serves no lambda, if there is free memory for it right now. It is forked from a
     * zygote without packages, if one lives. No import cache and no statistics hear of it.
     *
     * @param spec what it must be; without packages
     * @return false if there is no room
     * @throws SandboxException if the leaf cannot be made, or fails
     * @throws InterruptedException if the calling thread is interrupted
     */
    public boolean inOwnLeaf(LeafSpec spec, OwnWork work) throws SandboxException, InterruptedException {
        return started().jobs().inOwnLeaf(spec, work);
    }

    /**
     * Takes the mechanism's word that a sandbox ended by itself. A leaf in use is left to the thread that uses it,
     * which finds out why from the failed call.
     */
    public void onDied(SandboxEvent event) {
        Started present = started;
        PooledSandbox sandbox =
                present == null ? null : present.services().living().find(event.sandbox());
        if (sandbox == null || event.kind() != SandboxEvent.Kind.DIED) {
            return;
        }
        housekeeping.later(() -> {
            if (!(sandbox instanceof PooledLeaf) || memory.isIdle(sandbox.account())) {
                sandbox.end(SandboxEvent.Kind.DIED);
            }
        });
    }

    /** Ends all waiting and destroys every sandbox. Idempotent. */
    @Override
    public void close() {
        memory.shut();
        freezer.close();
        destroyAll();
        housekeeping.close();
        // A spare that was being made has no zygote any more, but may have been told of too late to be among those.
        destroyAll();
    }

    private void destroyAll() {
        Started present = started;
        if (present != null) {
            present.services().living().all().forEach(PooledSandbox::destroy);
        }
    }
}
