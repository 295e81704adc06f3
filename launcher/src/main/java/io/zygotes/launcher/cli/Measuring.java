package io.zygotes.launcher.cli;

import io.zygotes.launcher.bench.Workbench;
import io.zygotes.launcher.plugins.ImportCaches;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Runs a measurement on a workbench that is cleared whatever happens, Ctrl-C included. */
final class Measuring {

    /** Held, because a logger that nobody holds may be forgotten with its level. */
    private static final Logger LOGS = Logger.getLogger("io.zygotes");

    private Measuring() {}

    /** What is measured. */
    @FunctionalInterface
    interface Measurement<T> {
        T run(Workbench bench) throws Exception;
    }

    /** Runs it; empty if it was interrupted by a signal, in which case the process is ending. */
    static <T> Optional<T> run(PrintWriter err, Measurement<T> measurement) throws Exception {
        // A worker's own lines would tear the progress apart; warnings and errors still come.
        LOGS.setLevel(Level.WARNING);
        Workbench bench = Workbench.in(err, ImportCaches.find(Image.current().folder(), List.of(), "--plugin-path"));
        AtomicBoolean stopping = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping.set(true);
            close(bench, err);
        }));
        try (bench) {
            return Optional.of(measurement.run(bench));
        } catch (Exception e) {
            if (stopping.get()) {
                // The worker was taken away; what fails then is no news.
                return Optional.empty();
            }
            throw e;
        }
    }

    private static void close(Workbench bench, PrintWriter err) {
        try {
            bench.close();
        } catch (IOException e) {
            err.println("zygotes: the measurement could not remove all it made: " + e.getMessage());
        }
    }
}
