package io.zygotes.spi.mechanism;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RoundsTest {

    @Test
    void nothingThatARoundThrowsEndsTheThread() throws Exception {
        AtomicInteger rounds = new AtomicInteger();
        Thread thread = Rounds.start("rounds", "a test", () -> switch (rounds.incrementAndGet()) {
            case 1 -> throw new OutOfMemoryError("on purpose");
            case 2 -> throw new IllegalStateException("on purpose");
            case 3 -> throw new IOException("on purpose");
            case 4 -> throw new StackOverflowError();
            case 5 -> true;
            default -> false;
        });

        thread.join(20_000);

        assertFalse(thread.isAlive());
        assertEquals(6, rounds.get());
        assertTrue(thread.isDaemon());
    }

    @Test
    void anInterruptEndsIt() throws Exception {
        Thread thread = Rounds.start("rounds", "a test", () -> {
            Thread.sleep(20_000);
            return true;
        });

        thread.interrupt();
        thread.join(10_000);

        assertFalse(thread.isAlive());
    }
}
