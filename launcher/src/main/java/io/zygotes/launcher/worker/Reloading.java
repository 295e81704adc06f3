package io.zygotes.launcher.worker;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.control.ControlAnswer;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.function.Function;

/**
 * Lets a running worker switch to the import cache that its settings name now, told over its control socket or by a
 * signal. Safe for many threads.
 */
public final class Reloading {

    /** Where the control socket takes the command. */
    public static final String PATH = "/admin/reload";

    private static final int OK = 200;
    /** The settings are wrong, or the worker stops. */
    private static final int CONFLICT = 409;
    /** A fault in Zygotes or in a plugin. */
    private static final int FAULT = 500;

    private static final Logger LOG = System.getLogger(Reloading.class.getName());

    /**
     * The answer when it went well.
     *
     * @param importCache the name of the import cache at work
     * @param before the name of the one that it replaced
     * @param restartNeeded whether other settings changed, too, that hold from the next start on only
     * @param message the same as a sentence
     */
    record Reloaded(String importCache, String before, boolean restartNeeded, String message) {}

    /** The answer when it did not: why. */
    record NotReloaded(String error) {}

    private final Worker worker;
    private final WorkerDirectory directory;
    private final ForegroundWorker.Finder finder;
    private WorkerConfig config;

    Reloading(Worker worker, WorkerDirectory directory, WorkerConfig config, ForegroundWorker.Finder finder) {
        this.worker = worker;
        this.directory = directory;
        this.config = config;
        this.finder = finder;
    }

    /** The commands by their paths. */
    Map<String, Function<String, ControlAnswer>> commands() {
        return Map.of(PATH, _ -> reload());
    }

    /** Switches to the import cache that the settings name now; after an error the old one stays at work. */
    synchronized ControlAnswer reload() {
        try {
            Reloaded done = reloadOrFail();
            LOG.log(Level.INFO, "reloaded: " + done.message());
            return new ControlAnswer(OK, Output.json(done));
        } catch (ConfigException | IOException | IllegalStateException e) {
            LOG.log(Level.WARNING, "not reloaded: " + e.getMessage());
            return new ControlAnswer(CONFLICT, Output.json(new NotReloaded(String.valueOf(e.getMessage()))));
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "not reloaded", e);
            return new ControlAnswer(FAULT, Output.json(new NotReloaded(e.toString())));
        }
    }

    /** Says in the log which plugins the worker does without. */
    static void report(ImportCaches found) {
        found.broken().forEach(broken -> LOG.log(Level.WARNING, "plugin not loaded: " + broken));
    }

    private Reloaded reloadOrFail() throws ConfigException, IOException {
        WorkerConfig fresh = directory.config();
        ImportCaches found = finder.find(fresh);
        report(found);
        Workers.reload(worker, directory, fresh, found);
        String before = config.features().importCache();
        String now = fresh.features().importCache();
        boolean more = !fresh.withCacheOf(config).equals(config);
        config = config.withCacheOf(fresh);
        return new Reloaded(
                now,
                before,
                more,
                "import cache \"" + now + "\"" + (now.equals(before) ? ", made anew" : " instead of \"" + before + "\"")
                        + (more ? "; other settings changed, too: they hold from the next start on" : ""));
    }
}
