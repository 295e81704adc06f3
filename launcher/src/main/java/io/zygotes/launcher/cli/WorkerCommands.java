package io.zygotes.launcher.cli;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** What a running worker does when it is told to over its control socket. */
final class WorkerCommands {

    static final String RELOAD = "reload";
    /** What the answer begins with if all went well. */
    static final String DONE = "done: ";

    private static final Logger LOG = System.getLogger(WorkerCommands.class.getName());

    /** Finds the import caches anew, so that a jar which was dropped in meanwhile is seen. */
    @FunctionalInterface
    interface Finder {
        ImportCaches find(WorkerConfig config) throws ConfigException;
    }

    private final Worker worker;
    private final WorkerDirectory directory;
    private final Finder finder;
    private WorkerConfig config;

    WorkerCommands(Worker worker, WorkerDirectory directory, WorkerConfig config, Finder finder) {
        this.worker = worker;
        this.directory = directory;
        this.config = config;
        this.finder = finder;
    }

    /** Does it and says how it went, in one line. */
    synchronized String answer(String command) {
        if (!command.equals(RELOAD)) {
            return "there is no command '" + command + "', only " + RELOAD;
        }
        try {
            return DONE + reload();
        } catch (ConfigException | IOException e) {
            LOG.log(Level.WARNING, "not reloaded: " + e.getMessage());
            return e.getMessage();
        } catch (RuntimeException | LinkageError e) {
            LOG.log(Level.ERROR, "not reloaded", e);
            return e.toString();
        }
    }

    private String reload() throws ConfigException, IOException {
        WorkerConfig fresh = directory.config();
        Workers.reload(worker, directory, fresh, finder.find(fresh));
        String before = config.features().importCache();
        String now = fresh.features().importCache();
        boolean more = !fresh.withCacheOf(config).equals(config);
        config = config.withCacheOf(fresh);
        return "import cache \"" + now + "\"" + (now.equals(before) ? ", made anew" : " instead of \"" + before + "\"")
                + (more ? "; other settings changed, too: they hold from the next start on" : "");
    }
}
