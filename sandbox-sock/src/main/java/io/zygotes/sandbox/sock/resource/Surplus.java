package io.zygotes.sandbox.sock.resource;

import io.zygotes.spi.FailureKind;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What holds open files only so that later sandboxes are made faster: kits that were made ahead, groups to be used
 * again. When the worker may open no more, all of that is given up for the sandbox that is being made. Safe for use by
 * many threads.
 */
final class Surplus {

    /** For so long after files were short nothing is made ahead: it would take them from the next sandbox. */
    private static final long SHORT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Set<Holder> holders = ConcurrentHashMap.newKeySet();
    private volatile boolean wasShort;
    private volatile long shortNanos;

    /** Somebody who holds such files. */
    @FunctionalInterface
    interface Holder {
        /** Closes all that no sandbox has. */
        void giveUp();
    }

    /** What takes files. */
    @FunctionalInterface
    interface Making<T> {
        /**
         * Makes it. If that fails, all files that it took are closed again.
         *
         * @throws IOException if it cannot be made
         */
        T make() throws IOException;
    }

    void add(Holder holder) {
        holders.add(holder);
    }

    void remove(Holder holder) {
        holders.remove(holder);
    }

    /** Whether files were short a moment ago. */
    boolean isShort() {
        // The clock is not asked where files were never short: this is read while a request is served.
        return wasShort && System.nanoTime() - shortNanos < SHORT_NANOS;
    }

    /**
     * Makes something, and tries it once more if there were no files for it. The second attempts come one after the
     * other: of many that try at once each may hold a part of what they all need, and then none of them succeeds.
     *
     * @throws IOException if it cannot be made
     */
    <T> T make(Making<T> making) throws IOException {
        try {
            return making.make();
        } catch (IOException e) {
            if (Shortage.kind(e) != FailureKind.TOO_MANY_FILES) {
                throw e;
            }
        }
        synchronized (this) {
            shortNanos = System.nanoTime();
            wasShort = true;
            holders.forEach(Holder::giveUp);
            return making.make();
        }
    }
}
