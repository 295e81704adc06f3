package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.Eventually;
import io.zygotes.core.pool.MemoryLedger.Account;
import io.zygotes.spi.SandboxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReservationsTest {

    private static final Claimant NOBODY = new OwnAccord(Duration.ZERO);

    private final Reservations memory = new Reservations(100);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<String> evicted = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void end() throws InterruptedException {
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
    }

    private static long in(long millis) {
        return System.nanoTime() + millis * 1_000_000;
    }

    private Account held(String name, long bytes) throws Exception {
        Account account = memory.open(bytes, null, NOBODY, in(10_000));
        memory.occupy(account, occupant(() -> {
            evicted.add(name);
            memory.close(account);
        }));
        return account;
    }

    private static Occupant occupant(Runnable evict) {
        return new Occupant() {
            @Override
            void evict() {
                evict.run();
            }
        };
    }

    private Account idle(String name, long bytes) throws Exception {
        Account account = held(name, bytes);
        memory.release(account);
        return account;
    }

    private long reserved() {
        return memory.budget().reservedBytes();
    }

    @Test
    void closingTwiceFreesOnce() throws Exception {
        Account account = held("a", 40);
        held("b", 30);

        memory.close(account);
        memory.close(account);

        assertEquals(30, reserved());
    }

    @Test
    void theLeastRecentlyUsedIdleAccountIsEvictedFirst() throws Exception {
        Account a = idle("a", 30);
        idle("b", 30);
        idle("c", 30);
        assertTrue(memory.hold(a));
        memory.release(a);

        held("new", 30);

        assertEquals(List.of("b"), evicted);
        assertEquals(90, reserved());
    }

    @Test
    void noMoreIsEvictedThanIsNeeded() throws Exception {
        idle("a", 20);
        idle("b", 20);
        idle("c", 60);

        held("new", 30);

        assertEquals(List.of("a", "b"), evicted);
    }

    @Test
    void nothingIsEvictedWhenItWouldNotSuffice() throws Exception {
        held("busy", 80);
        idle("idle", 20);

        assertThrows(SandboxException.NoCapacity.class, () -> memory.open(30, null, NOBODY, in(20)));

        assertEquals(List.of(), evicted);
        assertEquals(100, reserved());
    }

    @Test
    void whatIsHeldIsNeverEvicted() throws Exception {
        Account account = idle("a", 100);
        assertTrue(memory.hold(account));

        assertThrows(SandboxException.NoCapacity.class, () -> memory.open(1, null, NOBODY, in(20)));
        assertEquals(List.of(), evicted);
    }

    @Test
    void theParentOfTheNewOneIsSpared() throws Exception {
        Account parent = idle("parent", 40);
        idle("other", 40);

        memory.open(50, parent, NOBODY, in(1000));

        assertEquals(List.of("other"), evicted);
    }

    @Test
    void whatCanNeverFitIsRefusedAtOnce() {
        SandboxException e =
                assertThrows(SandboxException.NoCapacity.class, () -> memory.open(101, null, NOBODY, in(60_000)));

        assertTrue(e.getMessage().contains("mem_pool_mb"), e.getMessage());
    }

    @Test
    void theFirstInLineIsServedFirst() throws Exception {
        Account all = held("all", 100);
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        List<Future<?>> waiting = new ArrayList<>();
        for (String name : List.of("large", "small")) {
            int line = memory.waiting();
            waiting.add(threads.submit(() -> {
                Account mine = memory.open(name.equals("large") ? 90 : 20, null, NOBODY, in(10_000));
                order.add(name);
                memory.close(mine);
                return null;
            }));
            Eventually.holds("it waits", () -> memory.waiting() == line + 1);
        }
        assertNull(memory.openNow(0), "nobody passes those who wait");

        memory.close(all);

        for (Future<?> one : waiting) {
            one.get(10, TimeUnit.SECONDS);
        }
        assertEquals(List.of("large", "small"), order);
        assertEquals(0, reserved());
    }

    @Test
    void whatBecomesIdleGoesToTheFirstInLineEvenIfItsUserComesRightBack() throws Exception {
        Account busy = held("busy", 100);
        Future<?> waiting = threads.submit(() -> memory.open(50, null, NOBODY, in(10_000)));
        Eventually.holds("it waits", () -> memory.waiting() == 1);

        memory.release(busy);

        assertFalse(memory.hold(busy), "it is on its way out");
        waiting.get(10, TimeUnit.SECONDS);
        assertEquals(List.of("busy"), evicted);
    }

    @Test
    void waitingEndsAtTheDeadlineOrWithAnInterruptAndLeavesNothing() throws Exception {
        Account all = held("all", 100);
        assertThrows(SandboxException.NoCapacity.class, () -> memory.open(1, null, NOBODY, in(10)));
        Future<?> waiting = threads.submit(() -> memory.open(1, null, NOBODY, in(60_000)));
        Eventually.holds("it waits", () -> memory.waiting() == 1);
        waiting.cancel(true);
        Eventually.holds("it is gone", () -> memory.waiting() == 0);

        memory.close(all);

        assertEquals(0, reserved());
    }

    @Test
    void growingTakesTheDifferenceAndShrinkingGivesItBack() throws Exception {
        Account account = held("a", 60);
        memory.shrink(account, 10);
        assertEquals(10, reserved());
        assertTrue(memory.grow(account, 70, in(10)));
        assertEquals(70, reserved());
        assertFalse(memory.growNow(account, 101));
        assertEquals(70, reserved());
    }

    @Test
    void whoWaitsToGrowCanBeEvictedByThoseBeforeIt() throws Exception {
        held("busy", 60);
        Account small = held("small", 40);
        Future<?> first = threads.submit(() -> memory.open(40, null, NOBODY, in(10_000)));
        Eventually.holds("it waits", () -> memory.waiting() == 1);

        assertFalse(memory.grow(small, 80, in(10_000)));

        first.get(10, TimeUnit.SECONDS);
        assertEquals(List.of("small"), evicted);
        assertEquals(100, reserved());
    }

    @Test
    void manyWhoHoldLittleAndWantMoreDoNotBlockEachOther() throws Exception {
        List<Account> small = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            small.add(held("leaf" + i, 10));
        }
        List<Future<Boolean>> growing = new ArrayList<>();
        for (Account account : small) {
            growing.add(threads.submit(() -> {
                boolean grown = memory.grow(account, 50, in(10_000));
                memory.release(account);
                return grown;
            }));
        }
        int grown = 0;
        for (Future<Boolean> one : growing) {
            grown += one.get(20, TimeUnit.SECONDS) ? 1 : 0;
        }
        assertTrue(grown >= 2, grown + " of 10 got what they wanted");
    }

    @Test
    void theBooksAreRightAfterAnythingInAnyOrder() throws Exception {
        Reservations books = new Reservations(1000);
        AtomicLong inUse = new AtomicLong();
        AtomicLong most = new AtomicLong();
        List<Future<?>> all = new ArrayList<>();
        for (int seed = 0; seed < 8; seed++) {
            Random random = new Random(seed);
            all.add(threads.submit(() -> {
                for (int i = 0; i < 1000; i++) {
                    live(books, random, inUse, most);
                }
            }));
        }
        for (Future<?> one : all) {
            one.get(50, TimeUnit.SECONDS);
        }
        // what is idle still is evicted by one who wants everything
        Account everything = books.open(1000, null, NOBODY, in(10_000));
        books.close(everything);

        assertEquals(0, books.budget().reservedBytes());
        assertEquals(0, books.waiting());
        assertEquals(0, inUse.get());
        assertTrue(most.get() <= 1000, "never more than the total: " + most);
    }

    /** The life of one account: some fail, some are evicted, some are closed. */
    private static void live(Reservations books, Random random, AtomicLong inUse, AtomicLong most) {
        long bytes = 1 + random.nextInt(400);
        try {
            Account account = books.open(bytes, null, NOBODY, in(random.nextInt(5)));
            AtomicLong mine = new AtomicLong(bytes);
            most.accumulateAndGet(inUse.addAndGet(bytes), Math::max);
            Runnable end = () -> {
                inUse.addAndGet(-mine.getAndSet(0));
                books.close(account);
            };
            books.occupy(account, occupant(end));
            if (random.nextInt(3) == 0) {
                inUse.addAndGet(-(bytes - bytes / 2));
                mine.set(bytes / 2);
                books.shrink(account, bytes / 2);
                boolean grown;
                try {
                    grown = books.grow(account, bytes, in(random.nextInt(5)));
                } catch (SandboxException.NoCapacity e) {
                    grown = false;
                }
                if (grown) {
                    mine.set(bytes);
                    most.accumulateAndGet(inUse.addAndGet(bytes - bytes / 2), Math::max);
                }
            }
            switch (random.nextInt(3)) {
                case 0 -> books.release(account);
                case 1 -> {
                    if (books.retire(account)) {
                        end.run();
                    }
                }
                default -> {
                    books.release(account);
                    if (random.nextBoolean() && books.hold(account)) {
                        books.release(account);
                    }
                }
            }
        } catch (SandboxException.NoCapacity e) {
            // short waits often end without memory, which is part of the test
            return;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
