package io.zygotes.core.pool;

import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Those who wait for memory: leaves that wake up, then requests, then what nobody's call waits for; in each of these
 * first come, first served. Who cannot be served lets some of those behind it pass ({@link Waiter#letsPass}). All
 * methods are called with the lock of {@link Reservations} held; those that wait let it go meanwhile.
 *
 * <p>What always holds when the lock is let go:
 *
 * <ul>
 *   <li>Whoever changes something in the ledger calls {@link #advance} before it lets the lock go. So nobody in line
 *   who
 *       may have its turn fits, and for the first of them the idle accounts and the retiring ones do not suffice, or
 *       are retiring for it.
 *   <li>Nobody takes what is retiring for somebody before it in line.
 *   <li>Victims are retired under the lock by whoever finds them, and destroyed without it by the thread that waits.
 *       Each victim is destroyed by exactly one thread, even if the waiting ends before.
 * </ul>
 */
final class WaitingLine {

    /** Who waits for more memory for what it has is not offered anything else. */
    private static final Claimant NOBODY = new OwnAccord(Duration.ZERO);

    /** How often the first in line looks whether time alone has changed something. */
    private static final long LOOK_NANOS = Duration.ofMillis(25).toNanos();
    /** How many times as long as a request what is in the background waits before it starves. */
    private static final int BACKGROUND_WAITS_LONGER = 10;

    private final ReentrantLock lock;
    private final MemoryLedger ledger;
    private final List<Waiter> line = new ArrayList<>();
    private boolean shut;

    WaitingLine(ReentrantLock lock, MemoryLedger ledger) {
        this.lock = lock;
        this.ledger = ledger;
    }

    /** Whether nobody waits and the line is not shut, so that whoever comes may take what is free. */
    boolean isClear() {
        return line.isEmpty() && !shut;
    }

    int size() {
        return line.size();
    }

    /**
     * Whether the first request in line has waited longer than that and is none of the given ones; or the first of the
     * others, much longer.
     */
    boolean firstStarves(Set<? extends Claimant> own, long nanos) {
        for (Waiter waiter : line) {
            if (!waiter.grows()) {
                long patience = waiter.rank == Waiter.Rank.BACKGROUND ? nanos * BACKGROUND_WAITS_LONGER : nanos;
                return System.nanoTime() - waiter.since > patience && !own.contains(waiter.claimant);
            }
        }
        return false;
    }

    /** Whether somebody waits who goes before all others that come. */
    boolean someoneWakesUp() {
        return !line.isEmpty() && line.getFirst().grows();
    }

    boolean isShut() {
        return shut;
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
    Account awaitNew(long bytes, Account spared, Waiter.Rank rank, Claimant claimant, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        Waiter waiter = new Waiter(bytes, spared, rank, claimant, deadline, lock.newCondition());
        return await(waiter) ? waiter.granted : null;
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
            Waiter waiter = new Waiter(extra, account, Waiter.Rank.THAW, NOBODY, deadline, lock.newCondition());
            return await(waiter) && ledger.isOpen(account);
        } finally {
            ledger.cover(account);
        }
    }

    /**
     * Starts the end of an account, as {@link MemoryLedger#retire}; if it waits for more memory, it waits no longer.
     */
    boolean retire(Account account) {
        boolean started = ledger.retire(account);
        if (started) {
            tellIfItGrows(account);
        }
        return started;
    }

    private void tellIfItGrows(Account account) {
        if (ledger.isExposed(account)) {
            for (Waiter waiter : line) {
                if (waiter.grows() && waiter.spared == account) {
                    waiter.changed.signal();
                }
            }
        }
    }

    /** Serves those in line as far as it goes. */
    void advance() {
        while (serveOne()) {
            // Somebody left the line, so the next one may have its turn.
        }
    }

    private boolean serveOne() {
        boolean first = true;
        for (Waiter waiter : line) {
            if (first) {
                waiter.startTurn();
            }
            first &= waiter.rank == Waiter.Rank.ZYGOTE;
            if (needsNone(waiter)) {
                letGo(waiter);
                return true;
            }
            if (ledger.fits(waiter.extra)) {
                grant(waiter);
                countPasses(waiter);
                letGo(waiter);
                return true;
            }
            Optional<List<Account>> victims = victims(waiter);
            if (victims.isPresent()) {
                return sendBackOrEvict(waiter, victims.get());
            }
            if (!waiter.letsPass()) {
                return false;
            }
        }
        return false;
    }

    private boolean needsNone(Waiter waiter) {
        return waiter.grows() ? !ledger.isOpen(waiter.spared) : waiter.claimant.settled();
    }

    private void countPasses(Waiter served) {
        for (Waiter waiter : line) {
            if (waiter == served) {
                return;
            }
            waiter.wasPassed();
        }
    }

    private void letGo(Waiter waiter) {
        line.remove(waiter);
        waiter.letGo = true;
        waiter.changed.signal();
    }

    private void grant(Waiter waiter) {
        if (waiter.grows()) {
            // At once: from here on it is in use, and must neither be evicted nor closed at its old size.
            ledger.raise(waiter.spared, waiter.extra);
            ledger.cover(waiter.spared);
            waiter.granted = waiter.spared;
        } else {
            waiter.granted = ledger.open(waiter.extra);
        }
    }

    /** Returns whether it left the line; if not, those who are evicted are for it, and nobody behind it may pass. */
    private boolean sendBackOrEvict(Waiter waiter, List<Account> victims) {
        if (goesBackForOneOf(victims, waiter.claimant)) {
            letGo(waiter);
            return true;
        }
        for (Account victim : victims) {
            ledger.evict(victim);
            tellIfItGrows(victim);
        }
        waiter.victims.addAll(victims);
        if (!victims.isEmpty()) {
            waiter.changed.signal();
        }
        return false;
    }

    /** The first to be evicted that together hold what is missing; empty if all that may go do not suffice. */
    private Optional<List<Account>> victims(Waiter waiter) {
        long missing = ledger.missing(waiter.extra);
        long beyondShare = ledger.zygotesBeyondShare();
        long whole = waiter.extra + (waiter.grows() ? ledger.bytes(waiter.spared) : 0);
        boolean sparesPinned = ledger.fitsBesidePinned(whole);
        List<Account> chosen = new ArrayList<>();
        for (Iterator<Account> next = ledger.idle().iterator(); missing > 0 && next.hasNext(); ) {
            Account account = next.next();
            boolean kept = ledger.isWanted(account) || (ledger.isInDemand(account) && beyondShare <= 0);
            boolean stays = account == waiter.spared || (sparesPinned && ledger.isPinned(account));
            if (!stays && (!kept || waiter.takesWhatIsKept())) {
                chosen.add(account);
                missing -= ledger.bytes(account);
                beyondShare -= ledger.isZygote(account) ? ledger.bytes(account) : 0;
            }
        }
        return missing > 0 ? Optional.empty() : Optional.of(chosen);
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
    private boolean await(Waiter waiter) throws SandboxException.NoCapacity, InterruptedException {
        if (waiter.extra > ledger.total()) {
            throw new SandboxException.NoCapacity("asked for " + megabytes(waiter.extra) + ", but mem_pool_mb is only "
                    + megabytes(ledger.total()) + "; raise mem_pool_mb or lower the limit");
        }
        if (needsNone(waiter)) {
            return false;
        }
        enter(waiter);
        waiter.claimant.startWaiting();
        boolean taken = false;
        try {
            advance();
            taken = untilGranted(waiter);
        } finally {
            taken &= waiter.claimant.stopWaiting();
            leave(waiter, taken);
        }
        return taken;
    }

    private void enter(Waiter waiter) {
        int place = line.size();
        while (place > 0 && waiter.goesBefore(line.get(place - 1))) {
            place--;
        }
        line.add(place, waiter);
    }

    private boolean untilGranted(Waiter waiter) throws SandboxException.NoCapacity, InterruptedException {
        while (waiter.granted == null) {
            if (waiter.letGo || needsNone(waiter)) {
                return false;
            }
            if (!waiter.victims.isEmpty()) {
                evict(waiter);
                continue;
            }
            if (shut) {
                throw new SandboxException.NoCapacity(FailureKind.OTHER, "the worker is stopping");
            }
            long left = waiter.deadline - System.nanoTime();
            if (left <= 0) {
                throw new SandboxException.NoCapacity("waited "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - waiter.since) + " ms for "
                        + megabytes(waiter.extra) + " of memory; " + megabytes(ledger.reserved()) + " of "
                        + megabytes(ledger.total()) + " are reserved by sandboxes at work. Try again later, or raise"
                        + " mem_pool_mb");
            }
            // The first looks for all: whoever saves up, or waits before it takes what is wanted, does so for a time.
            boolean looks = line.getFirst() == waiter;
            waiter.changed.awaitNanos(looks ? Math.min(left, LOOK_NANOS) : left);
            if (looks) {
                advance();
            }
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
        if (!line.isEmpty()) {
            // It is its turn to look for all.
            line.getFirst().changed.signal();
        }
    }

    private void giveBack(Waiter waiter) {
        if (waiter.grows()) {
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
