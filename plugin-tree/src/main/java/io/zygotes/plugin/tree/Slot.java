package io.zygotes.plugin.tree;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/** The place for one zygote: there is one slot for each set of packages with versions. */
final class Slot {

    /** The longest that a zygote which cannot be made is left alone. */
    static final Duration LONGEST_REST = Duration.ofMinutes(5);

    /** For how long the zygote takes only memory that is free after its first eviction. */
    static final Duration FIRST_SCARCITY = Duration.ofSeconds(1);
    /** The longest of that, and how long it has to live until an eviction counts as the first one again. */
    static final Duration LONGEST_SCARCITY = Duration.ofMinutes(1);

    /**
     * That there was no memory for the zygote.
     *
     * @param times how often in a row
     * @param untilNanos until when it takes only memory that is free
     */
    private record Scarcity(int times, long untilNanos) {}

    /**
     * Why the zygote cannot be made at present.
     *
     * @param error what happened last
     * @param times how often in a row
     * @param retryAtNanos when it may be tried again
     */
    private record Failure(SandboxException error, int times, long retryAtNanos) {}

    /**
     * Held while the zygote is made. Whoever holds one takes only those of smaller package sets, so that nobody waits
     * in a circle.
     */
    final ReentrantLock making = new ReentrantLock();

    private final Set<PackageId> packages;
    private final AtomicReference<Zygote> zygote = new AtomicReference<>();
    private volatile Failure failure;
    private final AtomicReference<Scarcity> scarcity = new AtomicReference<>();
    private volatile long attempts;
    private SandboxException attemptError;
    private boolean retired;

    Slot(Set<PackageId> packages) {
        this.packages = packages;
    }

    Set<PackageId> packages() {
        return packages;
    }

    Optional<Zygote> live() {
        Zygote now = zygote.get();
        return now != null && now.alive() ? Optional.of(now) : Optional.empty();
    }

    /** Forgets this zygote, unless another one took its place. */
    void forget(Zygote gone) {
        zygote.compareAndSet(gone, null);
    }

    /** Takes the zygote out, for destroying it. */
    Optional<Zygote> take() {
        return Optional.ofNullable(zygote.getAndSet(null));
    }

    /** How often somebody failed to make it; to be read before waiting for {@link #making}. */
    long attempts() {
        return attempts;
    }

    /** The error of another thread that failed since {@link #attempts} was read. Call with the lock held. */
    Optional<SandboxException> failedSince(long seen) {
        return attempts == seen ? Optional.empty() : Optional.ofNullable(attemptError);
    }

    /** Call with the lock held. */
    void made(Zygote fresh) {
        failure = null;
        attemptError = null;
        zygote.set(fresh);
    }

    /** All who wait get this error instead of trying one after another. Call with the lock held. */
    void failed(SandboxException error) {
        attemptError = error;
        attempts = attempts + 1;
    }

    /**
     * Leaves it alone for a while. Call with the lock held.
     *
     * @return for how long
     */
    Duration rest(SandboxException error, Duration first, long nowNanos) {
        Failure before = failure;
        int times = before == null ? 1 : before.times() + 1;
        long nanos = first.toNanos();
        for (int i = 1; i < times && nanos < LONGEST_REST.toNanos(); i++) {
            nanos *= 2;
        }
        nanos = Math.min(nanos, LONGEST_REST.toNanos());
        failure = new Failure(error, times, nowNanos + nanos);
        return Duration.ofNanos(nanos);
    }

    /**
     * It was evicted, or found no memory: for a while it is made only of memory that is free. Each further time in a
     * row that takes twice as long, because making it again and again costs more than it saves.
     */
    void foundNoMemory(long nowNanos) {
        scarcity.updateAndGet(before -> {
            boolean inARow = before != null && nowNanos - before.untilNanos() < LONGEST_SCARCITY.toNanos();
            int times = inARow ? before.times() + 1 : 1;
            long nanos = FIRST_SCARCITY.toNanos();
            for (int i = 1; i < times && nanos < LONGEST_SCARCITY.toNanos(); i++) {
                nanos *= 2;
            }
            return new Scarcity(times, nowNanos + Math.min(nanos, LONGEST_SCARCITY.toNanos()));
        });
    }

    /** Whether it may be made only of memory that is free. */
    boolean scarce(long nowNanos) {
        Scarcity now = scarcity.get();
        return now != null && nowNanos - now.untilNanos() < 0;
    }

    /** Why it must not be tried now. */
    Optional<SandboxException> resting(long nowNanos) {
        Failure now = failure;
        return now != null && nowNanos - now.retryAtNanos() < 0 ? Optional.of(now.error()) : Optional.empty();
    }

    /** Gives the slot up, if it holds nothing worth keeping. Call with the lock held. */
    boolean retire(long nowNanos) {
        if (live().isPresent() || resting(nowNanos).isPresent()) {
            return false;
        }
        retired = true;
        return true;
    }

    /** Gives the slot up, whatever it holds. Call with the lock held. */
    void giveUp() {
        retired = true;
    }

    /** Whether it was given up: get another one. Call with the lock held. */
    boolean retired() {
        return retired;
    }
}
