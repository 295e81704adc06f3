package io.zygotes.sandbox.sock.resource;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * A thread that everything depends on. It works in rounds, and whatever one of them throws, an error for want of memory
 * too, costs that round alone: without the thread nothing of its kind would be done any more.
 */
public final class Rounds {

    private static final Logger LOG = System.getLogger(Rounds.class.getName());
    /** What fails may fail again at once: a thread that does nothing else would take a processor and fill the log. */
    private static final long PAUSE_MILLIS = 100;
    /** How often a failure is logged at the most. */
    private static final long TELL_NANOS = 10_000_000_000L;

    private Rounds() {}

    /** One round. */
    @FunctionalInterface
    public interface Round {

        /**
         * Does it.
         *
         * @return whether there is another one
         * @throws Exception whatever it is, it is logged; an {@link InterruptedException} ends the thread
         */
        boolean goesOn() throws Exception;
    }

    /**
     * Starts the thread, a daemon.
     *
     * @param name its name
     * @param work what it does, for the log: "the output of sandboxes"
     * @param round what it does again and again
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

    /** Logs a failure. Never throws, though there may be no memory even for that. */
    public static void tell(String what, Throwable failure) {
        try {
            LOG.log(Level.ERROR, what, failure);
        } catch (Throwable e) {
            // The next failure tries again; to throw here would end the thread that survived.
            return;
        }
    }
}
