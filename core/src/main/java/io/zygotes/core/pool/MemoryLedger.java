package io.zygotes.core.pool;

import java.util.Collections;
import java.util.LinkedHashSet;
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

    private final long total;
    /** Least recently used first. */
    private final LinkedHashSet<Account> idle = new LinkedHashSet<>();

    private long reserved;
    private long retiring;

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
    static final class Account {
        private Occupant occupant;
        private long bytes;
        private int holders = 1;
        private boolean exposed;
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
        if (account.state == State.RETIRING) {
            retiring -= less;
        }
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
     * Ends a hold; an account without holders is idle and the last to be evicted.
     *
     * @return whether it is idle now
     */
    boolean release(Account account) {
        account.holders--;
        boolean rests = isIdle(account);
        if (rests) {
            idle.add(account);
        }
        return rests;
    }

    /** As {@link #release}, but an account without holders is the first to be evicted. */
    boolean releaseFirst(Account account) {
        account.holders--;
        boolean rests = isIdle(account);
        if (rests) {
            idle.addFirst(account);
        }
        return rests;
    }

    /** Lets an open account be evicted although it is held, until {@link #cover}; it is the last to be evicted. */
    void expose(Account account) {
        account.exposed = true;
        idle.add(account);
    }

    /** Ends {@link #expose}; does nothing if it has ended. */
    void cover(Account account) {
        if (account.exposed) {
            account.exposed = false;
            idle.remove(account);
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

    /** The idle accounts, least recently used first. A view. */
    Set<Account> idle() {
        return Collections.unmodifiableSet(idle);
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
