package io.zygotes.launcher.measure.session;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs a measurement in a place of its own, which is cleared whatever happens, Ctrl-C included. */
public final class Measuring {

    /** Held, because a logger that nobody holds may be forgotten with its level. */
    private static final Logger LOGS = Logger.getLogger("io.zygotes");

    private Measuring() {}

    /**
     * What is measured.
     *
     * @param <P> the place
     * @param <T> what comes out
     */
    @FunctionalInterface
    public interface Measurement<P, T> {

        /**
         * Measures.
         *
         * @param place where; closed by somebody else, maybe while this runs
         * @throws Exception if it cannot be measured
         */
        T run(P place) throws Exception;
    }

    /**
     * Runs a measurement and closes its place. From now on this process logs warnings and errors only: a worker's other
     * lines would tear the progress apart.
     *
     * @param err is told when the place cannot be cleared after Ctrl-C
     * @param place where to measure; its {@code close} may be called on another thread and more than once
     * @param measurement what to do there
     * @return what came out; empty if the process is ending because of a signal
     * @throws Exception if it cannot be measured
     */
    public static <P extends Closeable, T> Optional<T> run(PrintWriter err, P place, Measurement<P, T> measurement)
            throws Exception {
        LOGS.setLevel(Level.WARNING);
        AtomicBoolean stopping = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping.set(true);
            close(place, err);
        }));
        try (place) {
            return Optional.of(measurement.run(place));
        } catch (Exception e) {
            if (stopping.get()) {
                // The signal took the worker away; what fails then is no news.
                return Optional.empty();
            }
            throw e;
        }
    }

    private static void close(Closeable place, PrintWriter err) {
        try {
            place.close();
        } catch (IOException e) {
            err.println("zygotes: the measurement could not remove all it made: " + e.getMessage());
        }
    }
}
