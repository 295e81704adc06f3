package io.zygotes.core.fake;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.concurrent.Callable;

/** Waits for what other threads do. */
public final class Eventually {

    private Eventually() {}

    /** Returns when the condition holds; fails after ten seconds. */
    public static void holds(String what, Callable<Boolean> condition) throws Exception {
        for (long until = System.nanoTime() + 10_000_000_000L; System.nanoTime() < until; Thread.sleep(2)) {
            if (condition.call()) {
                return;
            }
        }
        fail("never true: " + what);
    }
}
