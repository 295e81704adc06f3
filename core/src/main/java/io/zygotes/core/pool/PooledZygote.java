package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A zygote in the pool. It is idle, and can be evicted, unless it is being forked. */
final class PooledZygote extends PooledSandbox implements Zygote {

    /**
     * What a zygote keeps beside what it uses after its imports: the page tables of its children are charged to it
     * while they are copied, and pages that it writes to while children still have them.
     */
    static final long SLACK = 32L << 20;
    /** About what starting a Python process takes that has nothing to import; measured at 20 to 30 ms. */
    private static final double START_MILLIS = 20;
    /** Children after which a zygote's room is looked at. */
    private static final int FORKS_BETWEEN_LOOKS = 8;
    /**
     * What a child leaves on its zygote's account: so much, and this part of what the zygote uses. Measured with 220
     * MB: 0.55 MB of page tables, which grow with it, and 0.36 MB of pages.
     */
    private static final long CHILD_BYTES = 512L << 10;

    private static final int CHILD_PART = 256;

    private final Zygote inner;
    private final PooledZygote parent;
    private final long madeNanos = System.nanoTime();
    /** How long the making of a function's zygote took; nothing of another one, which measures its imports. */
    private final long functionNanos;

    private final AtomicInteger forks = new AtomicInteger();
    /** Since its room was looked at. */
    private final AtomicInteger unseenForks = new AtomicInteger();

    private volatile long usedWhenSeen;

    /**
     * @param parent what it was forked from; null if it is a fresh process
     * @param tookNanos how long it took to make it
     */
    PooledZygote(
            PoolServices services,
            SandboxOwner owner,
            Zygote inner,
            PooledZygote parent,
            Account account,
            long tookNanos) {
        super(services, owner, inner, account);
        this.inner = inner;
        this.parent = parent;
        this.functionNanos = inner.function().isPresent() ? tookNanos : 0;
    }

    @Override
    Zygote inner() {
        return inner;
    }

    /** The closest one above it that lives; null if there is none. */
    PooledZygote livingParent() {
        PooledZygote above = parent;
        while (above != null && !above.alive()) {
            above = above.parent;
        }
        return above;
    }

    /** When its imports were done, on the clock of {@link System#nanoTime}. */
    long madeNanos() {
        return madeNanos;
    }

    @Override
    public List<PackageId> packages() {
        return inner.packages();
    }

    @Override
    public Map<PackageId, ImportCost> importCosts() {
        return inner.importCosts();
    }

    @Override
    public Optional<LeafSpec> function() {
        return inner.function();
    }

    @Override
    public ModuleFindings moduleFindings() {
        return inner.moduleFindings();
    }

    /** Makes a sandbox of the mechanism. */
    @FunctionalInterface
    interface Fork<T> {
        T from(Optional<Zygote> parent) throws SandboxException, InterruptedException;
    }

    /**
     * Keeps it from being evicted while something is forked from it, or from what was forked ahead.
     *
     * @throws SandboxException.ZygoteGone if it was evicted or ended, or cannot fork any more; it is taken out then
     * @throws SandboxException as the fork
     * @throws InterruptedException as the fork
     */
    <T> T whileHeld(Fork<T> fork) throws SandboxException, InterruptedException {
        if (!services().memory().hold(account())) {
            throw gone();
        }
        try {
            haveRoom();
            return fork.from(Optional.of(inner));
        } catch (SandboxException.ZygoteGone e) {
            end(SandboxEvent.Kind.DIED);
            throw e;
        } finally {
            services().memory().release(account());
        }
    }

    /** Being evicted is want of memory: its packages can be imported, and a new one may be evicted as well. */
    private SandboxException.ZygoteGone gone() {
        return services().memory().wasEvicted(account())
                ? new SandboxException.ZygoteGone(
                        FailureKind.NO_MEMORY,
                        "zygote " + id() + " was evicted, because others needed its memory; raise mem_pool_mb if this"
                                + " goes on")
                : new SandboxException.ZygoteGone("zygote " + id() + " ended");
    }

    /**
     * Counts a child that it is forked for, and sees to it that there is room for the next ones. That is done behind
     * the requests; but fifty that come at once may be faster, and whoever needs the room then looks for it.
     */
    void haveRoom() {
        if (unseenForks.incrementAndGet() * (CHILD_BYTES + usedWhenSeen / CHILD_PART) > SLACK / 4) {
            keepRoom();
        }
        if (forks.incrementAndGet() % FORKS_BETWEEN_LOOKS == 0) {
            services().housekeeping().later(this::keepRoom);
        }
    }

    /** What it takes to make it again: to start or fork it, and its own imports. */
    long remakeNanos() {
        double millis = START_MILLIS
                + importCosts().values().stream()
                        .mapToDouble(ImportCost::millis)
                        .sum();
        return Math.round(millis * 1e6) + functionNanos;
    }

    /** Lowers its limit to what it uses after its imports. */
    void fitToUse() {
        long wanted = use() + SLACK;
        long held = services().memory().bytes(account());
        if (wanted < held) {
            services()
                    .memory()
                    .shrink(account(), Math.min(held, services().mechanism().limitMemory(inner, wanted)));
        }
    }

    /**
     * Keeps room for its further children, if there is memory. A quarter may be used up until the next look, and
     * another one by children that are forked while it looks.
     */
    private synchronized void keepRoom() {
        long used = use();
        long wanted = used + SLACK;
        if (services().memory().bytes(account()) - used < SLACK / 4 * 3
                && services().memory().growNow(account(), wanted)) {
            services().mechanism().limitMemory(inner, wanted);
        }
    }

    private long use() {
        unseenForks.set(0);
        usedWhenSeen = memoryBytes();
        return usedWhenSeen;
    }
}
