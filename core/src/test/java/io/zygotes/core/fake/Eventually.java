package io.zygotes.core.fake;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for what other threads do, on a machine that may have much else to do. */
public final class Eventually {

    private static final long MOST_NANOS = Duration.ofSeconds(30).toNanos();

    private Eventually() {}

    /** Returns when the condition holds; fails after half a minute. */
    public static void holds(String what, Callable<Boolean> condition) throws Exception {
        for (long until = System.nanoTime() + MOST_NANOS; System.nanoTime() < until; Thread.sleep(2)) {
            if (condition.call()) {
                return;
            }
        }
        fail("never true: " + what);
    }
}
