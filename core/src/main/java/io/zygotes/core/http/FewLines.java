package io.zygotes.core.http;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Logs failures, but not without bound: whoever makes calls fail, or fails them, must not fill the disk. Safe for use
 * by many threads.
 */
final class FewLines {

    /** Failures of a minute that are logged. */
    static final int MOST = 20;

    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private final LongSupplier clock;
    private long since;
    private int logged;
    private long left;

    FewLines(Logger log) {
        this(log, System::nanoTime);
    }

    /** @param clock as {@link System#nanoTime} */
    FewLines(Logger log, LongSupplier clock) {
        this.log = log;
        this.clock = clock;
        since = clock.getAsLong();
    }

    /**
     * Logs a failure, unless there were many in this minute; those are counted, and their number is logged later.
     *
     * @param cause the error; null if there is none to be shown
     */
    void log(String message, Throwable cause) {
        long before;
        synchronized (this) {
            before = left;
            if (clock.getAsLong() - since >= MINUTE) {
                since = clock.getAsLong();
                logged = 0;
                left = 0;
            }
            if (logged == MOST) {
                left++;
                return;
            }
            logged++;
            before = logged == 1 ? before : 0;
        }
        if (before > 0) {
            log.log(
                    Level.ERROR,
                    before + " failed calls before were not logged: there were more than " + MOST + " in a minute");
        }
        log.log(Level.ERROR, message, cause);
    }
}
