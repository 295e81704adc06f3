package io.zygotes.core.pool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.pool.MemoryLedger.Account;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The books alone. What they are for is tested with {@link Reservations}. */
class MemoryLedgerTest {

    private final MemoryLedger ledger = new MemoryLedger(100);

    @Test
    void whatDoesNotFitIsNotBooked() {
        Account account = ledger.open(60);

        assertFalse(ledger.fits(41));
        assertThrows(IllegalStateException.class, () -> ledger.open(41));
        assertThrows(IllegalStateException.class, () -> ledger.raise(account, 41));

        assertEquals(60, ledger.reserved());
        assertEquals(60, ledger.bytes(account));
    }

    @Test
    void whatIsRetiringCountsUntilItIsClosedButNeedNotBeEvicted() {
        Account account = ledger.open(60);
        assertEquals(20, ledger.missing(60));

        assertTrue(ledger.retire(account));
        assertFalse(ledger.retire(account));
        assertEquals(60, ledger.reserved());
        assertTrue(ledger.missing(60) <= 0);

        ledger.lower(account, 50);
        assertEquals(50, ledger.reserved());
        ledger.close(account);
        ledger.close(account);
        assertEquals(0, ledger.reserved());
        assertEquals(-40, ledger.missing(60));
    }

    @Test
    void idleAccountsStandInTheOrderOfTheirLastUse() {
        Account first = ledger.open(10);
        Account second = ledger.open(10);
        Account spare = ledger.open(10);
        ledger.release(first);
        ledger.release(second);
        ledger.releaseFirst(spare);
        assertEquals(List.of(spare, first, second), List.copyOf(ledger.idle()));

        ledger.hold(first);
        assertEquals(List.of(spare, second), List.copyOf(ledger.idle()));
        ledger.release(first);
        ledger.retire(spare);

        assertEquals(List.of(second, first), List.copyOf(ledger.idle()));
    }

    @Test
    void anAccountIsIdleOnlyWhenItsLastHolderHasGone() {
        Account account = ledger.open(10);
        ledger.hold(account);

        assertFalse(ledger.release(account));
        assertTrue(ledger.release(account));

        assertTrue(ledger.isIdle(account));
    }

    @Test
    void anExposedAccountCanBeEvictedThoughItIsHeld() {
        Account account = ledger.open(10);
        ledger.expose(account);
        assertEquals(List.of(account), List.copyOf(ledger.idle()));
        assertFalse(ledger.isIdle(account));

        ledger.cover(account);
        ledger.cover(account);

        assertEquals(List.of(), List.copyOf(ledger.idle()));
    }

    @Test
    void aClosedAccountIsNeitherHeldNorLowered() {
        Account account = ledger.open(10);
        ledger.close(account);

        assertFalse(ledger.hold(account));
        ledger.lower(account, 0);
        ledger.release(account);

        assertEquals(0, ledger.reserved());
        assertEquals(List.of(), List.copyOf(ledger.idle()));
    }
}
