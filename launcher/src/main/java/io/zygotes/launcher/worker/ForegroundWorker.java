package io.zygotes.launcher.worker;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Logs;
import io.zygotes.launcher.control.ControlAnswer;
import io.zygotes.launcher.control.ControlSocket;
import io.zygotes.launcher.control.Hangup;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/** Runs a worker in this process until it is told to stop. */
public final class ForegroundWorker {

    private static final Logger LOG = System.getLogger(ForegroundWorker.class.getName());

    private final WorkerDirectory directory;
    private final WorkerConfig config;
    private final Finder finder;
    private volatile Optional<ControlSocket> control = Optional.empty();

    /** Finds the import caches, each time anew: a jar that was dropped in meanwhile is seen when the worker reloads. */
    @FunctionalInterface
    public interface Finder {

        /**
         * All import caches that a worker can choose from.
         *
         * @param config the settings, which may name a folder with plugins
         * @throws ConfigException if a folder with plugins cannot be read
         */
        ImportCaches find(WorkerConfig config) throws ConfigException;
    }

    /**
     * @param directory the worker directory
     * @param config its settings
     * @param finder finds the import caches now and at each reload
     */
    public ForegroundWorker(WorkerDirectory directory, WorkerConfig config, Finder finder) {
        this.directory = directory;
        this.config = config;
        this.finder = finder;
    }

    /**
     * Starts it and waits. SIGTERM and SIGINT stop it; the process then ends with exit code 0. SIGHUP makes it reload.
     * A signal that comes while it stops changes nothing.
     *
     * @param out gets a line when the worker is ready, and one when it has stopped
     * @throws ConfigException if the settings are wrong
     * @throws SandboxException if this machine cannot run sandboxes
     * @throws IOException if a file or the port cannot be had
     * @throws InterruptedException if the calling thread is interrupted; the worker is left to the shutdown hook
     */
    public void run(PrintWriter out) throws ConfigException, SandboxException, IOException, InterruptedException {
        ImportCaches found = finder.find(config);
        Worker worker = Workers.make(directory, config, found);
        Reloading.report(found);
        CountDownLatch started = new CountDownLatch(1);
        Thread stop = new Thread(() -> stop(worker, started, out), "stop");
        Logs.keepOpen();
        Runtime.getRuntime().addShutdownHook(stop);
        Reloading reloading = new Reloading(worker, directory, config, finder);
        handleHangup(reloading, started);
        try {
            worker.start(() -> control = openControl(reloading, worker));
        } catch (ConfigException | SandboxException | IOException | InterruptedException | RuntimeException | Error e) {
            // Closing again is harmless, but the exit code is to be this failure's.
            removeHook(stop);
            control.ifPresent(ForegroundWorker::close);
            throw e;
        }
        started.countDown();
        out.println("ready: " + directory.path() + ", pid "
                + ProcessHandle.current().pid() + ", port " + worker.port() + ", import cache \""
                + config.features().importCache() + "\"");
        new CountDownLatch(1).await();
    }

    /** A worker that cannot be told anything is better than none. */
    private Optional<ControlSocket> openControl(Reloading reloading, Worker worker) {
        try {
            Map<String, Function<String, ControlAnswer>> commands = new HashMap<>(reloading.commands());
            commands.putAll(new Installing(worker).commands());
            return Optional.of(ControlSocket.open(directory.path(), commands, worker.privateFront()::answer));
        } catch (IOException e) {
            LOG.log(Level.WARNING, e.getMessage() + ": 'zygotes reload' does not reach this worker, SIGHUP does");
            return Optional.empty();
        }
    }

    /** Before the start, so that a signal that comes early waits for its end instead of ending the process. */
    private static void handleHangup(Reloading reloading, CountDownLatch started) {
        boolean handled = Hangup.handle(() -> {
            try {
                started.await();
                // How it went is in the log.
                reloading.reload();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        if (!handled) {
            LOG.log(
                    Level.INFO,
                    "SIGHUP is ignored, because the process was started that way (nohup); 'zygotes reload' works");
        }
    }

    private static void close(ControlSocket control) {
        try {
            control.close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot remove the control socket: " + e.getMessage());
        }
    }

    /** Runs as shutdown hook: the JVM's own exit code after a signal would be 128 and more, although all went well. */
    private void stop(Worker worker, CountDownLatch started, PrintWriter out) {
        control.ifPresent(ForegroundWorker::close);
        // Waits for a start that is under way.
        worker.close();
        Logs.close();
        if (started.getCount() == 0) {
            out.println("stopped");
            Runtime.getRuntime().halt(0);
        }
    }

    private static void removeHook(Thread stop) {
        try {
            Runtime.getRuntime().removeShutdownHook(stop);
            Logs.letGo();
        } catch (IllegalStateException alreadyStopping) {
            // A signal came during the start; the hook runs already, and the process ends after it.
            return;
        }
    }
}
