package io.zygotes.sandbox.sock.resource;

import java.util.concurrent.TimeUnit;

/** How much came from one pipe in a slot of time. */
final class Slot {

    /** What is read from one pipe in a slot, in bytes; who prints more waits for the next one. */
    private static final int MOST = 4 << 20;

    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private long start;
    private int bytes;

    /** Counts what came; whether it is as much as may come until the slot ends. */
    boolean isFull(int more) {
        long now = System.nanoTime();
        if (now - start >= NANOS) {
            start = now;
            bytes = 0;
        }
        bytes += more;
        return bytes >= MOST;
    }

    long nanosLeft() {
        return NANOS - (System.nanoTime() - start);
    }
}
