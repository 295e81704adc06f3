package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Those who wait for memory: first come, first served. All methods are called with the lock of {@link Reservations} held;
 * those that wait let it go meanwhile.
 *
 * <p>What always holds when the lock is let go:
 *
 * <ul>
 *   <li>Whoever changes something in the ledger calls {@link #advance} before it lets the lock go. So the first in line
 *       does not fit, and the idle accounts and the retiring ones do not suffice for it, or are retiring for it.
 *   <li>Nobody behind the first in line, and nobody who comes later, gets memory before it.
 *   <li>Victims are retired under the lock by whoever finds them, and destroyed without it by the thread that waits.
 *       Each victim is destroyed by exactly one thread, even if the waiting ends before.
 * </ul>
 */
final class WaitingLine {

    /** Who waits for more memory for what it has is not offered anything else. */
    private static final Claimant NOBODY = new OwnAccord(Duration.ZERO);

    private final ReentrantLock lock;
    private final MemoryLedger ledger;
    private final ArrayDeque<Waiter> line = new ArrayDeque<>();
    private boolean shut;

    WaitingLine(ReentrantLock lock, MemoryLedger ledger) {
        this.lock = lock;
        this.ledger = ledger;
    }

    private final class Waiter {
        private final long extra;
        /** Not evicted on behalf of this waiter; null for none. */
        private final Account spared;
        /** Whether it waits for more memory for the spared account itself. */
        private final boolean grows;

        private final Claimant claimant;
        private final long since = System.nanoTime();
        private final Condition changed = lock.newCondition();
        private List<Account> victims = new ArrayList<>();
        /** The account that got the memory; null as long as it waits. */
        private Account granted;
        /**
         * Whether it was taken out of the line. It must not wait any longer then, even if its claimant has become unsettled
         * again before its thread looks: another thread of the claimant may have found that the leaf is gone.
         */
        private boolean letGo;

        private Waiter(long extra, Account spared, boolean grows, Claimant claimant) {
            this.extra = extra;
            this.spared = spared;
            this.grows = grows;
            this.claimant = claimant;
        }

        private boolean needsNone() {
            return grows ? !ledger.isOpen(spared) : claimant.settled();
        }
    }

    /** Whether nobody waits and the line is not shut, so that whoever comes may take what is free. */
    boolean isClear() {
        return line.isEmpty() && !shut;
    }

    int size() {
        return line.size();
    }

    /** Whether the first in line has waited longer than that and is none of the given ones. */
    boolean firstStarves(Set<? extends Claimant> own, long nanos) {
        Waiter first = line.peekFirst();
        return first != null && System.nanoTime() - first.since > nanos && !own.contains(first.claimant);
    }

    /** Lets all who wait look whether they still have to. */
    void wake() {
        line.forEach(waiter -> waiter.changed.signal());
    }

    /** Ends all waiting, now and later. */
    void shut() {
        shut = true;
        wake();
    }

    /**
     * Waits for a new account.
     *
     * @return the account, held once; null if the claimant is settled
     */
    Account awaitNew(long bytes, Account spared, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        Waiter waiter = new Waiter(bytes, spared, false, claimant);
        return await(waiter, deadline) ? waiter.granted : null;
    }

    /**
     * Waits until an account is raised. It can be evicted meanwhile.
     *
     * @return false if it was evicted or is being closed
     */
    boolean awaitMore(Account account, long extra, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        ledger.expose(account);
        try {
            return await(new Waiter(extra, account, true, NOBODY), deadline) && ledger.isOpen(account);
        } finally {
            ledger.cover(account);
        }
    }

    /** Starts the end of an account, as {@link MemoryLedger#retire}; if it waits for more memory, it waits no longer. */
    boolean retire(Account account) {
        boolean started = ledger.retire(account);
        if (started && ledger.isExposed(account)) {
            for (Waiter waiter : line) {
                if (waiter.grows && waiter.spared == account) {
                    waiter.changed.signal();
                }
            }
        }
        return started;
    }

    /** Serves the first in line as far as it goes. */
    void advance() {
        while (!line.isEmpty()) {
            Waiter first = line.getFirst();
            if (first.needsNone()) {
                letGo(first);
            } else if (ledger.fits(first.extra)) {
                grant(first);
                letGo(first);
            } else {
                List<Account> victims = victims(first);
                if (!goesBackForOneOf(victims, first.claimant)) {
                    victims.forEach(this::retire);
                    first.victims.addAll(victims);
                    if (!victims.isEmpty()) {
                        first.changed.signal();
                    }
                    return;
                }
                letGo(first);
            }
        }
    }

    private void letGo(Waiter first) {
        line.removeFirst();
        first.letGo = true;
        first.changed.signal();
    }

    private void grant(Waiter first) {
        if (first.grows) {
            // At once: from here on it is in use, and must neither be evicted nor closed at its old size.
            ledger.raise(first.spared, first.extra);
            ledger.cover(first.spared);
            first.granted = first.spared;
        } else {
            first.granted = ledger.open(first.extra);
        }
    }

    /** The least recently used accounts that together hold what is missing; none if all of them do not suffice. */
    private List<Account> victims(Waiter waiter) {
        long missing = ledger.missing(waiter.extra);
        List<Account> chosen = new ArrayList<>();
        for (Iterator<Account> next = ledger.idle().iterator(); missing > 0 && next.hasNext(); ) {
            Account account = next.next();
            if (account != waiter.spared) {
                chosen.add(account);
                missing -= ledger.bytes(account);
            }
        }
        return missing > 0 ? List.of() : chosen;
    }

    /** Whether it goes back for one of those that would be evicted for it. One that waits to grow is not at rest. */
    private boolean goesBackForOneOf(List<Account> victims, Claimant claimant) {
        for (Account victim : victims) {
            if (!ledger.isExposed(victim) && claimant.sendBackFor(ledger.occupant(victim))) {
                return true;
            }
        }
        return false;
    }

    /** Waits in line. Returns whether the waiter got its memory; false if it needs none any longer. */
    private boolean await(Waiter waiter, long deadline) throws SandboxException.NoCapacity, InterruptedException {
        if (waiter.extra > ledger.total()) {
            throw new SandboxException.NoCapacity("asked for " + megabytes(waiter.extra) + ", but mem_pool_mb is only "
                    + megabytes(ledger.total()) + "; raise mem_pool_mb or lower the limit");
        }
        if (waiter.needsNone()) {
            return false;
        }
        line.addLast(waiter);
        waiter.claimant.startWaiting();
        boolean taken = false;
        try {
            advance();
            taken = untilGranted(waiter, deadline);
        } finally {
            taken &= waiter.claimant.stopWaiting();
            leave(waiter, taken);
        }
        return taken;
    }

    private boolean untilGranted(Waiter waiter, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        while (waiter.granted == null) {
            if (waiter.letGo || waiter.needsNone()) {
                return false;
            }
            if (!waiter.victims.isEmpty()) {
                evict(waiter);
                continue;
            }
            if (shut) {
                throw new SandboxException.NoCapacity(FailureKind.OTHER, "the worker is stopping");
            }
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new SandboxException.NoCapacity("waited "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - waiter.since) + " ms for "
                        + megabytes(waiter.extra) + " of memory; " + megabytes(ledger.reserved()) + " of "
                        + megabytes(ledger.total()) + " are reserved by sandboxes at work. Try again later, or raise"
                        + " mem_pool_mb");
            }
            waiter.changed.awaitNanos(left);
        }
        return true;
    }

    /** The waiting is over: what was granted and is not taken goes to the next, and what was chosen to go goes. */
    private void leave(Waiter waiter, boolean taken) {
        if (waiter.granted != null && !taken) {
            giveBack(waiter);
        }
        line.remove(waiter);
        if (!waiter.victims.isEmpty()) {
            evict(waiter);
        }
        advance();
    }

    private void giveBack(Waiter waiter) {
        if (waiter.grows) {
            ledger.lower(waiter.granted, ledger.bytes(waiter.granted) - waiter.extra);
        } else {
            ledger.close(waiter.granted);
        }
    }

    /** Destroys what was chosen for this waiter; the lock is let go meanwhile. */
    private void evict(Waiter waiter) {
        List<Account> victims = waiter.victims;
        waiter.victims = new ArrayList<>();
        List<Occupant> occupants = victims.stream().map(ledger::occupant).toList();
        lock.unlock();
        try {
            occupants.forEach(Occupant::evict);
        } finally {
            lock.lock();
        }
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }
}
