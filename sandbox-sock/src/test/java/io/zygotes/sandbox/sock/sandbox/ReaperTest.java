package io.zygotes.sandbox.sock.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The thread that cleans up after sandboxes, when what it does fails. */
@Timeout(60)
class ReaperTest {

    private final Reaper reaper = new Reaper(true, () -> {});

    @AfterEach
    void stop() throws InterruptedException {
        reaper.stop();
    }

    @Test
    void whatFailsForWantOfMemoryOrStackIsTriedAgainAndOthersAreServed() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        CountDownLatch removed = new CountDownLatch(2);
        reaper.later("a group that is in use", () -> {
            switch (tries.incrementAndGet()) {
                case 1 -> throw new OutOfMemoryError("on purpose");
                case 2 -> throw new StackOverflowError();
                default -> removed.countDown();
            }
            return true;
        });
        reaper.later("another one", () -> {
            removed.countDown();
            return true;
        });

        assertTrue(removed.await(40, TimeUnit.SECONDS));

        assertEquals(3, tries.get());
    }

    @Test
    void whatFailsForGoodIsGivenUpAndOthersAreServed() throws Exception {
        CountDownLatch removed = new CountDownLatch(1);
        reaper.later("a group that is in use", () -> {
            throw new IllegalStateException("on purpose");
        });
        reaper.later("another one", () -> {
            removed.countDown();
            return true;
        });

        assertTrue(removed.await(40, TimeUnit.SECONDS));
    }
}
