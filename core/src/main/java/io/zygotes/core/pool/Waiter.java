package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;

/** One who stands in the {@link WaitingLine}. Guarded by the lock of {@link Reservations}. */
final class Waiter {

    /** How long it saves up what becomes free once enough others have passed it. */
    private static final long SAVING_NANOS = Duration.ofMillis(250).toNanos();
    /** How long it waits for anything else, once it is its turn, before it takes what others want. */
    private static final long LAST_RESORT_NANOS = Duration.ofMillis(200).toNanos();

    /** Who goes before whom, and how many others may pass it before it saves up. */
    enum Rank {
        /** A leaf that wakes up; its process is there, and its request waits for nothing else. */
        THAW(32),
        /** A leaf of a request. */
        REQUEST(32),
        /** A zygote of a request, which goes on without it if need be. */
        ZYGOTE(256),
        /** An install, or what an import cache makes of its own accord. */
        BACKGROUND(256);

        private final int mostPasses;

        Rank(int mostPasses) {
            this.mostPasses = mostPasses;
        }

        /** Zygotes stand among the leaves of requests. */
        private boolean before(Rank other) {
            return (this == ZYGOTE ? REQUEST : this).ordinal() < (other == ZYGOTE ? REQUEST : other).ordinal();
        }
    }

    final long extra;
    /** Not evicted on behalf of this waiter; null for none. */
    final Account spared;

    final Rank rank;
    final Claimant claimant;
    final long since = System.nanoTime();
    final long deadline;
    final Condition changed;
    List<Account> victims = new ArrayList<>();
    /** The account that got the memory; null as long as it waits. */
    Account granted;
    /**
     * Whether it was taken out of the line. It must not wait any longer then, even if its claimant has become unsettled
     * again before its thread looks: another thread of the claimant may have found that the leaf is gone.
     */
    boolean letGo;

    private final long lastResortNanos;
    private boolean hasTurn;
    private long turnSince;
    private int passes;
    private boolean saving;
    private long savingSince;

    /**
     * @param extra how much it waits for, in bytes
     * @param spared not evicted on behalf of this waiter; null for none
     * @param deadline until when it waits, on the clock of {@link System#nanoTime}
     * @param changed signalled when it should look
     */
    Waiter(long extra, Account spared, Rank rank, Claimant claimant, long deadline, Condition changed) {
        this.extra = extra;
        this.spared = spared;
        this.rank = rank;
        this.claimant = claimant;
        this.deadline = deadline;
        this.changed = changed;
        this.lastResortNanos = Math.min(LAST_RESORT_NANOS, (deadline - since) / 2);
    }

    /** Whether it waits for more memory for the spared account itself. */
    boolean grows() {
        return rank == Rank.THAW;
    }

    boolean goesBefore(Waiter other) {
        return rank.before(other.rank);
    }

    /** No leaf is before it in line from now on, or was before. */
    void startTurn() {
        if (!hasTurn) {
            hasTurn = true;
            turnSince = System.nanoTime();
        }
    }

    /**
     * Whether what others want, and zygotes in demand, may be evicted for it now. Not as long as calls end that give it
     * their leaves, and never for a zygote of a request: what it would take the place of is used now,
     * and the request can do without.
     */
    boolean takesWhatIsKept() {
        return rank != Rank.ZYGOTE && hasTurn && System.nanoTime() - turnSince > lastResortNanos;
    }

    /** Somebody behind it got memory. */
    void wasPassed() {
        passes++;
    }

    /**
     * Whether those behind it may have what does not suffice for it. Some may, then it saves up for a moment, then some
     * may again: small ones are not held up for long, and it gets its turn as soon as calls end.
     */
    boolean letsPass() {
        if (passes < rank.mostPasses) {
            return true;
        }
        long now = System.nanoTime();
        if (!saving) {
            saving = true;
            savingSince = now;
        }
        if (now - savingSince < SAVING_NANOS) {
            return false;
        }
        saving = false;
        passes = 0;
        return true;
    }
}
