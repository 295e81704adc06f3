package io.zygotes.core.pool;

import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The books of the memory pool. What all accounts hold together never exceeds the total. Who finds no memory waits in
 * line; the first in line gets what becomes free, and has idle accounts evicted, least recently used first, when that
 * suffices. Decisions are made under one lock by whichever thread changes something, so nobody behind can take what
 * the first in line waits for; sandboxes are destroyed outside of the lock by the thread that waits.
 */
final class MemoryLedger {

    private final long total;
    private final ReentrantLock lock = new ReentrantLock();
    /** Open accounts that nobody holds, least recently used first. */
    private final LinkedHashSet<Account> idle = new LinkedHashSet<>();

    private final ArrayDeque<Waiter> line = new ArrayDeque<>();
    private long reserved;
    /** The part of {@link #reserved} whose sandboxes are being destroyed. */
    private long retiring;

    private boolean shut;

    MemoryLedger(long total) {
        this.total = total;
    }

    private enum State {
        OPEN,
        RETIRING,
        CLOSED
    }

    /** What one sandbox or job may use. All fields are guarded by the ledger's lock. */
    static final class Account {
        /** What uses the memory; null if no demand could use it. */
        private Sandbox user;

        private Runnable evict = () -> {};
        private long bytes;
        private int holders = 1;
        private State state = State.OPEN;
        private Waiter waiter;

        private Account(long bytes) {
            this.bytes = bytes;
        }
    }

    private final class Waiter {
        private final long extra;
        /** Not evicted on behalf of this waiter; null for none. */
        private final Account spared;
        /** Whom it is for; null for nobody in particular. */
        private final Demand demand;

        private final long since = System.nanoTime();
        private final Condition changed = lock.newCondition();
        private List<Account> victims = new ArrayList<>();
        private boolean granted;

        private Waiter(long extra, Account spared, Demand demand) {
            this.extra = extra;
            this.spared = spared;
            this.demand = demand;
        }

        /** Whether it waits for more memory for the spared account itself. */
        private boolean grows() {
            return spared != null && spared.waiter == this;
        }
    }

    /**
     * Opens an account that is held once.
     *
     * @param bytes what it may use
     * @param spared an account that must not be evicted to make room for this one; null for none
     * @param demand whose offers end the waiting; null for none
     * @param deadline until when to wait, on the clock of {@link System#nanoTime}
     * @return null if the demand needs none any longer
     */
    Account open(long bytes, Account spared, Demand demand, long deadline)
            throws SandboxException.NoCapacity, InterruptedException {
        lock.lock();
        try {
            if (takeNow(bytes) || await(new Waiter(bytes, spared, demand), deadline)) {
                return new Account(bytes);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #open}, but returns null at once if there is no free memory or somebody waits for it. */
    Account openNow(long bytes) {
        lock.lock();
        try {
            return takeNow(bytes) ? new Account(bytes) : null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Says how to evict an account; before it is released for the first time.
     *
     * @param user what uses the memory; null if no demand could use it
     * @param evict destroys what uses the memory and closes the account; called by any thread, without the lock
     */
    void evictWith(Account account, Sandbox user, Runnable evict) {
        lock.lock();
        try {
            account.user = user;
            account.evict = evict;
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
            if (account.state != State.OPEN) {
                return false;
            }
            long extra = toBytes - account.bytes;
            if (extra <= 0) {
                return true;
            }
            if (!takeNow(extra)) {
                Waiter waiter = new Waiter(extra, account, null);
                account.waiter = waiter;
                idle.add(account);
                try {
                    return await(waiter, deadline);
                } finally {
                    account.waiter = null;
                    idle.remove(account);
                }
            }
            account.bytes += extra;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Raises an account without waiting; false if there is no free memory or the account is not open. */
    boolean growNow(Account account, long toBytes) {
        lock.lock();
        try {
            long extra = toBytes - account.bytes;
            if (account.state != State.OPEN || (extra > 0 && !takeNow(extra))) {
                return false;
            }
            account.bytes += Math.max(extra, 0);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Lowers an account to what its sandbox is limited to now. */
    void shrink(Account account, long toBytes) {
        lock.lock();
        try {
            long less = account.bytes - toBytes;
            if (account.state == State.CLOSED || less <= 0) {
                return;
            }
            account.bytes = toBytes;
            reserved -= less;
            if (account.state == State.RETIRING) {
                retiring -= less;
            }
            advance();
        } finally {
            lock.unlock();
        }
    }

    /** Holds an account, so that it is not evicted; false if it is no longer open. */
    boolean hold(Account account) {
        lock.lock();
        try {
            if (account.state != State.OPEN) {
                return false;
            }
            account.holders++;
            idle.remove(account);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a hold. An account without holders is idle and the most recently used. */
    void release(Account account) {
        lock.lock();
        try {
            account.holders--;
            if (account.holders == 0 && account.state == State.OPEN) {
                idle.add(account);
                advance();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends a hold; an account without holders is the first to be evicted. */
    void releaseFirst(Account account) {
        lock.lock();
        try {
            account.holders--;
            if (account.holders == 0 && account.state == State.OPEN) {
                idle.addFirst(account);
                advance();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether nobody holds it and it is open. */
    boolean isIdle(Account account) {
        lock.lock();
        try {
            return account.holders == 0 && account.state == State.OPEN;
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
            if (account.state != State.OPEN) {
                return false;
            }
            markRetiring(account);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends an account: its memory is free. Idempotent. */
    void close(Account account) {
        lock.lock();
        try {
            if (account.state == State.CLOSED) {
                return;
            }
            if (account.state == State.OPEN) {
                markRetiring(account);
            }
            account.state = State.CLOSED;
            retiring -= account.bytes;
            reserved -= account.bytes;
            account.bytes = 0;
            advance();
        } finally {
            lock.unlock();
        }
    }

    long bytes(Account account) {
        lock.lock();
        try {
            return account.bytes;
        } finally {
            lock.unlock();
        }
    }

    MemoryBudget budget() {
        lock.lock();
        try {
            return new MemoryBudget(total, reserved);
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        lock.lock();
        try {
            return line.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the first in line has waited longer than that and is none of the given demands. */
    boolean firstStarves(Predicate<Demand> own, long nanos) {
        lock.lock();
        try {
            Waiter first = line.peekFirst();
            return first != null
                    && System.nanoTime() - first.since > nanos
                    && (first.demand == null || !own.test(first.demand));
        } finally {
            lock.unlock();
        }
    }

    /** Lets all who wait look whether they still have to. */
    void wake() {
        lock.lock();
        try {
            line.forEach(waiter -> waiter.changed.signal());
        } finally {
            lock.unlock();
        }
    }

    /** Ends all waiting, now and later. */
    void shut() {
        lock.lock();
        try {
            shut = true;
            line.forEach(waiter -> waiter.changed.signal());
        } finally {
            lock.unlock();
        }
    }

    private boolean takeNow(long extra) {
        if (shut || !line.isEmpty() || reserved + extra > total) {
            return false;
        }
        reserved += extra;
        return true;
    }

    private void markRetiring(Account account) {
        account.state = State.RETIRING;
        idle.remove(account);
        retiring += account.bytes;
        if (account.waiter != null) {
            account.waiter.changed.signal();
        }
    }

    /** Serves the first in line as far as it goes. Called after every change that may free memory. */
    private void advance() {
        while (!line.isEmpty()) {
            Waiter first = line.getFirst();
            boolean needsNone =
                    first.grows() ? first.spared.state != State.OPEN : first.demand != null && first.demand.settled();
            if (needsNone) {
                line.removeFirst();
                first.changed.signal();
                continue;
            }
            if (reserved + first.extra <= total) {
                reserved += first.extra;
                first.granted = true;
                if (first.grows()) {
                    // at once: from here on it is in use, and must neither be evicted nor closed at its old size
                    first.spared.bytes += first.extra;
                    idle.remove(first.spared);
                }
                line.removeFirst();
                first.changed.signal();
                continue;
            }
            List<Account> victims = victims(first, reserved + first.extra - total - retiring);
            if (takesOneOf(victims, first.demand)) {
                line.removeFirst();
                first.changed.signal();
                continue;
            }
            for (Account victim : victims) {
                markRetiring(victim);
                first.victims.add(victim);
            }
            if (!victims.isEmpty()) {
                first.changed.signal();
            }
            return;
        }
    }

    /** The least recently used accounts that together hold what is missing; none if all of them do not suffice. */
    private List<Account> victims(Waiter waiter, long missing) {
        List<Account> chosen = new ArrayList<>();
        for (Iterator<Account> next = idle.iterator(); missing > 0 && next.hasNext(); ) {
            Account account = next.next();
            if (account != waiter.spared) {
                chosen.add(account);
                missing -= account.bytes;
            }
        }
        return missing > 0 ? List.of() : chosen;
    }

    /** Whether the demand goes back for one of those that would be evicted for it. One that waits to grow is not at rest. */
    private static boolean takesOneOf(List<Account> victims, Demand demand) {
        return demand != null
                && victims.stream().anyMatch(victim -> victim.waiter == null && demand.sendBackFor(victim.user));
    }

    /**
     * Waits in line, lock held. Returns false if the account that was to grow is gone, or the demand needs no memory any
     * longer.
     */
    private boolean await(Waiter waiter, long deadline) throws SandboxException.NoCapacity, InterruptedException {
        if (waiter.extra > total) {
            throw new SandboxException.NoCapacity("asked for " + megabytes(waiter.extra) + ", but mem_pool_mb is only "
                    + megabytes(total) + "; raise mem_pool_mb or lower the limit");
        }
        boolean taken = false;
        Demand demand = waiter.demand;
        if (demand != null && demand.settled()) {
            return false;
        }
        line.addLast(waiter);
        if (demand != null) {
            demand.startWaiting();
        }
        try {
            advance();
            while (!waiter.granted) {
                if (waiter.grows() && waiter.spared.state != State.OPEN) {
                    return false;
                }
                if (!waiter.victims.isEmpty()) {
                    evict(waiter);
                    continue;
                }
                if (shut) {
                    throw new SandboxException.NoCapacity("the worker is stopping");
                }
                if (demand != null && demand.settled()) {
                    return false;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new SandboxException.NoCapacity("waited "
                            + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - waiter.since) + " ms for "
                            + megabytes(waiter.extra) + " of memory; " + megabytes(reserved) + " of "
                            + megabytes(total) + " are reserved by sandboxes at work. Try again later, or raise"
                            + " mem_pool_mb");
                }
                waiter.changed.awaitNanos(left);
            }
            if (demand != null && !demand.stopWaiting()) {
                return false;
            }
            taken = true;
            return !waiter.grows() || waiter.spared.state == State.OPEN;
        } finally {
            if (waiter.granted && !taken) {
                giveBack(waiter);
            }
            line.remove(waiter);
            if (demand != null) {
                demand.stopWaiting();
            }
            if (!waiter.victims.isEmpty()) {
                evict(waiter);
            }
            advance();
        }
    }

    private void giveBack(Waiter waiter) {
        if (!waiter.grows()) {
            reserved -= waiter.extra;
        } else if (waiter.spared.state != State.CLOSED) {
            shrink(waiter.spared, waiter.spared.bytes - waiter.extra);
        }
    }

    /** Destroys what was chosen for this waiter; the lock is let go meanwhile. */
    private void evict(Waiter waiter) {
        List<Account> victims = waiter.victims;
        waiter.victims = new ArrayList<>();
        lock.unlock();
        try {
            victims.forEach(victim -> victim.evict.run());
        } finally {
            lock.lock();
        }
    }

    private static String megabytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }
}
