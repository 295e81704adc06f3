package io.zygotes.core.pool;

import java.time.Duration;
import java.util.Set;

/**
 * The books of the memory pool: which account may use how much. It knows neither what uses the memory nor who waits for
 * it. Not safe for use by many threads; {@link Reservations} guards it with its lock.
 *
 * <p>What always holds:
 *
 * <ul>
 *   <li>What all accounts hold together is {@link #reserved}, and that is never more than the total.
 *   <li>An account goes from open to retiring to closed, never back. A retiring one still counts, because its processes
 *       may still use the memory; it is sure to become free, so nobody need be evicted for that part.
 *   <li>The idle accounts are the open ones that nobody holds, or whose holder is exposed ({@link #expose}). Only idle
 *       accounts are evicted.
 * </ul>
 */
final class MemoryLedger {

    /**
     * Zygotes that are in use may keep one part in so many of all memory when leaves wait. A leaf from a zygote takes a
     * third of the time of a fresh one or less, so that the leaves that are left serve more calls than all would.
     */
    private static final int ZYGOTES_SHARE = 3;
    /** Pinned zygotes may hold one part in so many of all memory together, so that there is always room for leaves. */
    private static final int PINNED_SHARE = 3;
    /** How long after its last fork a zygote is in demand. */
    private static final long DEMAND_NANOS = Duration.ofSeconds(2).toNanos();

    private final long total;
    private final EvictionOrder<Account> idle = new EvictionOrder<>();

    private long reserved;
    private long retiring;
    /** What the open accounts hold that are zygotes'. */
    private long inZygotes;
    /** What the open accounts hold that are pinned. */
    private long inPinned;

    /** @param total what all accounts may hold together, in bytes */
    MemoryLedger(long total) {
        this.total = total;
    }

    private enum State {
        OPEN,
        RETIRING,
        CLOSED
    }

    /** What one sandbox or job may use. */
    static final class Account extends EvictionOrder.Candidate {
        private Occupant occupant;
        private long bytes;
        private int holders = 1;
        private boolean exposed;
        private boolean evicted;
        private boolean zygote;
        private long usedNanos;
        private State state = State.OPEN;

        private Account(long bytes) {
            this.bytes = bytes;
        }
    }

    long total() {
        return total;
    }

    long reserved() {
        return reserved;
    }

    /** Whether so many more bytes can be reserved now. */
    boolean fits(long extra) {
        return reserved + extra <= total;
    }

    /** How many bytes must still be evicted until so many more fit: what is retiring becomes free anyway. */
    long missing(long extra) {
        return reserved + extra - total - retiring;
    }

    /** Whether so many bytes can be had without waiting for anybody who is at work. */
    boolean isObtainable(long bytes) {
        long obtainable = total - reserved + retiring;
        for (Account account : idle.idle()) {
            if (obtainable >= bytes) {
                break;
            }
            obtainable += account.pinned || account.exposed ? 0 : account.bytes;
        }
        return obtainable >= bytes;
    }

    /**
     * Opens an account that is held once.
     *
     * @param bytes what it may use; they fit
     */
    Account open(long bytes) {
        take(bytes);
        return new Account(bytes);
    }

    /** Raises an open account by so many bytes, which fit. */
    void raise(Account account, long extra) {
        take(extra);
        account.bytes += extra;
        count(account, extra);
    }

    /** Counts what an open account holds more. */
    private void count(Account account, long bytes) {
        if (account.state == State.OPEN) {
            inZygotes += account.zygote ? bytes : 0;
            inPinned += account.pinned ? bytes : 0;
        }
    }

    boolean isZygote(Account account) {
        return account.zygote;
    }

    /** Says that a zygote uses the account; once. */
    void setZygote(Account account) {
        account.zygote = true;
        inZygotes += account.state == State.OPEN ? account.bytes : 0;
    }

    /**
     * Keeps an account from being evicted for anything that would fit without it.
     *
     * @return false if it is not open, or all pinned ones together would hold too much
     */
    boolean pin(Account account) {
        if (account.pinned || account.state != State.OPEN) {
            return account.state == State.OPEN;
        }
        if (inPinned + account.bytes > total / PINNED_SHARE) {
            return false;
        }
        idle.pin(account, true);
        inPinned += account.bytes;
        return true;
    }

    /** Ends {@link #pin}; does nothing if it has ended. */
    void unpin(Account account) {
        if (account.pinned) {
            count(account, -account.bytes);
            idle.pin(account, false);
            count(account, account.bytes);
        }
    }

    boolean isPinned(Account account) {
        return account.pinned;
    }

    /** Whether so much can be had without a pinned account, be it that all others have to end. */
    boolean fitsBesidePinned(long bytes) {
        return bytes <= total - inPinned;
    }

    /** What all zygotes hold beyond their share; negative if that is less. */
    long zygotesBeyondShare() {
        return inZygotes - total / ZYGOTES_SHARE;
    }

    /** Whether it is a zygote's that was forked a moment ago. */
    boolean isInDemand(Account account) {
        return account.zygote && System.nanoTime() - account.usedNanos < DEMAND_NANOS;
    }

    private void take(long bytes) {
        if (!fits(bytes)) {
            throw new IllegalStateException(
                    bytes + " bytes do not fit: " + reserved + " of " + total + " are reserved already");
        }
        reserved += bytes;
    }

    /** Lowers an account that is not closed. One that holds no more than that stays as it is. */
    void lower(Account account, long toBytes) {
        long less = account.bytes - toBytes;
        if (account.state == State.CLOSED || less <= 0) {
            return;
        }
        account.bytes = toBytes;
        reserved -= less;
        count(account, -less);
        if (account.state == State.RETIRING) {
            retiring -= less;
        }
        idle.reweigh(account, toBytes);
    }

    /** Holds an account, so that it is not idle; false if it is no longer open. */
    boolean hold(Account account) {
        if (account.state != State.OPEN) {
            return false;
        }
        account.holders++;
        idle.remove(account);
        return true;
    }

    /**
     * Ends a hold; an account without holders is idle, and was just used.
     *
     * @return whether it is idle now
     */
    boolean release(Account account) {
        account.holders--;
        boolean rests = isIdle(account);
        if (rests) {
            account.usedNanos = System.nanoTime();
            idle.add(account, account.bytes);
        }
        return rests;
    }

    /** As {@link #release}, but an account without holders is the first to be evicted. */
    boolean releaseFirst(Account account) {
        account.holders--;
        boolean rests = isIdle(account);
        if (rests) {
            idle.addFirst(account, account.bytes);
        }
        return rests;
    }

    /** Lets an open account be evicted although it is held, until {@link #cover}; its holder wants it. */
    void expose(Account account) {
        account.exposed = true;
        idle.want(account);
        idle.add(account, account.bytes);
    }

    /** Ends {@link #expose}; does nothing if it has ended. */
    void cover(Account account) {
        if (account.exposed) {
            account.exposed = false;
            idle.remove(account);
            idle.unwant(account);
        }
    }

    /**
     * Starts the end of an account.
     *
     * @return false if it was started before
     */
    boolean retire(Account account) {
        if (account.state != State.OPEN) {
            return false;
        }
        count(account, -account.bytes);
        account.state = State.RETIRING;
        idle.remove(account);
        retiring += account.bytes;
        return true;
    }

    /** Ends an account: its memory is free. Idempotent. */
    void close(Account account) {
        if (account.state == State.CLOSED) {
            return;
        }
        retire(account);
        account.state = State.CLOSED;
        retiring -= account.bytes;
        reserved -= account.bytes;
        account.bytes = 0;
    }

    /** The idle accounts, in the order in which they are evicted. A view. */
    Set<Account> idle() {
        return idle.idle();
    }

    /** Starts the end of an idle account for want of memory. */
    void evict(Account account) {
        idle.evicting(account);
        account.evicted = true;
        retire(account);
    }

    /** Whether it ended, or is ending, for want of memory. */
    boolean wasEvicted(Account account) {
        return account.evicted;
    }

    /** Somebody wants an account to stay: it is evicted last. {@link #unwant} must follow, even if it ends before. */
    void want(Account account) {
        idle.want(account);
    }

    /** Ends one {@link #want}. */
    void unwant(Account account) {
        idle.unwant(account);
    }

    boolean isWanted(Account account) {
        return idle.isWanted(account);
    }

    /** Says what it costs to make again what uses the account, in nanoseconds. */
    void costs(Account account, long remakeNanos) {
        idle.costs(account, remakeNanos);
        idle.reweigh(account, account.bytes);
    }

    /** Says how much more than others an account is to stay; 1 for no more. */
    void weighs(Account account, double weight) {
        idle.weighs(account, weight);
        idle.reweigh(account, account.bytes);
    }

    /** Whether nobody holds it and it is open. */
    boolean isIdle(Account account) {
        return account.holders == 0 && account.state == State.OPEN;
    }

    boolean isOpen(Account account) {
        return account.state == State.OPEN;
    }

    boolean isExposed(Account account) {
        return account.exposed;
    }

    long bytes(Account account) {
        return account.bytes;
    }

    void occupy(Account account, Occupant occupant) {
        account.occupant = occupant;
    }

    /** What uses the memory; not null for an account that is or was idle. */
    Occupant occupant(Account account) {
        return account.occupant;
    }
}
