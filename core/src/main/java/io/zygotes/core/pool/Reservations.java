package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.SandboxException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Memory for sandboxes: it is reserved, kept and given back here. Puts the {@link MemoryLedger} and the
 * {@link WaitingLine} under one lock, so that whichever thread changes something decides at once what the first in line
 * gets, and nobody behind can take what it waits for. Safe for use by many threads.
 *
 * <p>Order of locks: that of a function, then this one, then that of a {@link PendingRequest}.
 */
final class Reservations {

    private final ReentrantLock lock = new ReentrantLock();
    private final MemoryLedger ledger;
    private final WaitingLine line;

    /** @param total the memory for all, in bytes */
    Reservations(long total) {
        this.ledger = new MemoryLedger(total);
        this.line = new WaitingLine(lock, ledger);
    }

    /**
     * Opens an account that is held once; waits in line if there is no free memory.
     *
     * @param bytes what it may use
     * @param spared an account that must not be evicted to make room for this one; null for none
     * @param claimant whom it is for
     * @param deadline until when to wait, on the clock of {@link System#nanoTime}
     * @return null if the claimant is settled
     * @throws SandboxException.NoCapacity if there is no memory until then, or the pool is closed
     */
    Account open(long bytes, Account spared, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        Waiter.Rank rank = claimant.inBackground() ? Waiter.Rank.BACKGROUND : Waiter.Rank.REQUEST;
        return open(bytes, spared, rank, claimant, deadline);
    }

    /** As {@link #open}, for a zygote: what somebody wants is not evicted for it, unless nobody's call waits for it. */
    Account openZygote(long bytes, Account spared, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        Waiter.Rank rank = claimant.inBackground() ? Waiter.Rank.BACKGROUND : Waiter.Rank.ZYGOTE;
        return open(bytes, spared, rank, claimant, deadline);
    }

    private Account open(long bytes, Account spared, Waiter.Rank rank, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        lock.lock();
        try {
            return isFree(bytes) ? ledger.open(bytes) : line.awaitNew(bytes, spared, rank, claimant, deadline);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #open}, but returns null at once if there is no free memory or somebody waits for it. */
    Account openNow(long bytes) {
        lock.lock();
        try {
            return isFree(bytes) ? ledger.open(bytes) : null;
        } finally {
            lock.unlock();
        }
    }

    /** Whether so much is free or held by idle ones, as long as nobody else takes it. */
    boolean isObtainable(long bytes) {
        lock.lock();
        try {
            return ledger.isObtainable(bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Says what uses an account's memory; before it is released for the first time. */
    void occupy(Account account, Occupant occupant) {
        lock.lock();
        try {
            ledger.occupy(account, occupant);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Raises an account that the caller alone holds. While the caller waits, the account can be evicted: otherwise
     * many who hold little and want more would wait for each other.
     *
     * @return false if the account was evicted or is being closed
     */
    boolean grow(Account account, long toBytes, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        lock.lock();
        try {
            if (!ledger.isOpen(account)) {
                return false;
            }
            long extra = toBytes - ledger.bytes(account);
            if (extra <= 0) {
                return true;
            }
            if (line.isShut() || line.someoneWakesUp() || !ledger.fits(extra)) {
                return line.awaitMore(account, extra, deadline);
            }
            ledger.raise(account, extra);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Raises an account without waiting; false if there is no free memory or the account is not open. */
    boolean growNow(Account account, long toBytes) {
        lock.lock();
        try {
            long extra = toBytes - ledger.bytes(account);
            if (!ledger.isOpen(account) || (extra > 0 && !isFree(extra))) {
                return false;
            }
            ledger.raise(account, Math.max(extra, 0));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Lowers an account to what its sandbox is limited to now. */
    void shrink(Account account, long toBytes) {
        lock.lock();
        try {
            ledger.lower(account, toBytes);
            line.advance();
        } finally {
            lock.unlock();
        }
    }

    /** Holds an account, so that it is not evicted; false if it is no longer open. */
    boolean hold(Account account) {
        lock.lock();
        try {
            return ledger.hold(account);
        } finally {
            lock.unlock();
        }
    }

    /** Ends a hold. An account without holders is idle and the most recently used. */
    void release(Account account) {
        lock.lock();
        try {
            if (ledger.release(account)) {
                line.advance();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Somebody wants an account to stay: it is evicted last. {@link #unwant} must follow. */
    void want(Account account) {
        lock.lock();
        try {
            ledger.want(account);
        } finally {
            lock.unlock();
        }
    }

    /** Ends one {@link #want}. */
    void unwant(Account account) {
        lock.lock();
        try {
            ledger.unwant(account);
            line.advance();
        } finally {
            lock.unlock();
        }
    }

    /** Says that a zygote uses the account; once. */
    void setZygote(Account account) {
        lock.lock();
        try {
            ledger.setZygote(account);
        } finally {
            lock.unlock();
        }
    }

    /** Says what it costs to make again what uses the account, in nanoseconds; not known is 0. */
    void costs(Account account, long remakeNanos) {
        lock.lock();
        try {
            ledger.costs(account, remakeNanos);
        } finally {
            lock.unlock();
        }
    }

    /** Says how much more than others an account is to stay; 1 for no more, 0 for not at all. */
    void weighs(Account account, double weight) {
        lock.lock();
        try {
            ledger.weighs(account, weight);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link MemoryLedger#pin}. */
    boolean pin(Account account) {
        lock.lock();
        try {
            return ledger.pin(account);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link MemoryLedger#unpin}. */
    void unpin(Account account) {
        lock.lock();
        try {
            ledger.unpin(account);
            line.advance();
        } finally {
            lock.unlock();
        }
    }

    /** Whether it ended, or is ending, for want of memory. */
    boolean wasEvicted(Account account) {
        lock.lock();
        try {
            return ledger.wasEvicted(account);
        } finally {
            lock.unlock();
        }
    }

    /** Ends a hold; an account without holders is the first to be evicted. */
    void releaseFirst(Account account) {
        lock.lock();
        try {
            if (ledger.releaseFirst(account)) {
                line.advance();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Starts the end of an account whose sandbox the caller is going to destroy.
     *
     * @return false if somebody else does so already
     */
    boolean retire(Account account) {
        lock.lock();
        try {
            return line.retire(account);
        } finally {
            lock.unlock();
        }
    }

    /** Ends an account: its memory is free. Idempotent. */
    void close(Account account) {
        lock.lock();
        try {
            line.retire(account);
            ledger.close(account);
            line.advance();
        } finally {
            lock.unlock();
        }
    }

    /** Whether nobody holds it and it is open. */
    boolean isIdle(Account account) {
        lock.lock();
        try {
            return ledger.isIdle(account);
        } finally {
            lock.unlock();
        }
    }

    long bytes(Account account) {
        lock.lock();
        try {
            return ledger.bytes(account);
        } finally {
            lock.unlock();
        }
    }

    MemoryBudget budget() {
        lock.lock();
        try {
            return new MemoryBudget(ledger.total(), ledger.reserved());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Evicts leaves that nobody holds, wants or has pinned, those first that would go first for want of memory.
     *
     * @param most how many
     * @return how many they were
     */
    int evictLeaves(int most) {
        List<Occupant> chosen;
        lock.lock();
        try {
            List<Account> accounts = ledger.idle().stream()
                    .filter(this::isLeafAtRest)
                    .limit(most)
                    .toList();
            accounts.forEach(ledger::evict);
            chosen = accounts.stream().map(ledger::occupant).toList();
        } finally {
            lock.unlock();
        }
        chosen.forEach(Occupant::evict);
        return chosen.size();
    }

    private boolean isLeafAtRest(Account account) {
        return !ledger.isZygote(account)
                && !ledger.isWanted(account)
                && !ledger.isPinned(account)
                && !ledger.isExposed(account);
    }

    /** How many threads wait. */
    int waiting() {
        lock.lock();
        try {
            return line.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the first in line has waited longer than that and is none of the given ones. */
    boolean firstStarves(Set<? extends Claimant> own, long nanos) {
        lock.lock();
        try {
            return line.firstStarves(own, nanos);
        } finally {
            lock.unlock();
        }
    }

    /** Lets all who wait look whether they still have to. */
    void wake() {
        lock.lock();
        try {
            line.wake();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting, now and later. */
    void shut() {
        lock.lock();
        try {
            line.shut();
        } finally {
            lock.unlock();
        }
    }

    /** Whether so much can be had at once; not if somebody waits. */
    private boolean isFree(long bytes) {
        return line.isClear() && ledger.fits(bytes);
    }
}
