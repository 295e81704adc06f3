package io.zygotes.spi.mechanism;

import io.zygotes.spi.Stability;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * A thread that everything depends on, in the worker's core or in a mechanism. It works in rounds, and whatever one of
 * them throws, an {@link OutOfMemoryError} too, costs that round alone: without the thread nothing of its kind would be
 * done any more. After a round that failed the thread sleeps for 100 ms, and it logs a failure every 10 s at the most.
 *
 * <p>Both sides have such threads and neither knows the other, so this lives where both look.
 *
 * @since 1.2
 */
@Stability(Stability.Level.EVOLVING)
public final class Rounds {

    private static final Logger LOG = System.getLogger(Rounds.class.getName());
    /** What fails may fail again at once: a thread that does nothing else would take a processor and fill the log. */
    private static final long PAUSE_MILLIS = 100;
    /** How often a failure is logged at the most. */
    private static final long TELL_NANOS = 10_000_000_000L;

    private Rounds() {}

    /** One round. It is run by the thread that {@link #start} began, and by no other one. */
    @FunctionalInterface
    public interface Round {

        /**
         * Does it. It may block.
         *
         * @return whether there is another one; false ends the thread
         * @throws Exception whatever it is, it is logged, and another round follows; an {@link InterruptedException}
         *     ends the thread instead
         */
        boolean goesOn() throws Exception;
    }

    /**
     * Starts the thread, a daemon. It ends when a round says that it was the last one, and when it is interrupted.
     *
     * @param name its name
     * @param work what it does, for the log: "the output of sandboxes"
     * @param round what it does again and again
     * @return the thread, which runs already
     * @throws OutOfMemoryError if the kernel gives no thread, which is how Java says so
     */
    public static Thread start(String name, String work, Round round) {
        return Thread.ofPlatform().name(name).daemon().start(() -> run(work, round));
    }

    private static void run(String work, Round round) {
        boolean goesOn = true;
        long toldNanos = System.nanoTime() - TELL_NANOS;
        while (goesOn) {
            try {
                goesOn = round.goesOn();
            } catch (InterruptedException e) {
                goesOn = false;
            } catch (Throwable e) {
                if (System.nanoTime() - toldNanos >= TELL_NANOS) {
                    toldNanos = System.nanoTime();
                    tell(work + ": something failed, and it goes on", e);
                }
                goesOn = pause();
            }
        }
    }

    private static boolean pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    /**
     * Logs a failure. It never throws, though there may be no memory even for that.
     *
     * @param what what failed, and what that means
     * @param failure what was thrown
     */
    public static void tell(String what, Throwable failure) {
        try {
            LOG.log(Level.ERROR, what, failure);
        } catch (Throwable e) {
            // The next failure tries again; to throw here would end the thread that survived.
            return;
        }
    }
}
