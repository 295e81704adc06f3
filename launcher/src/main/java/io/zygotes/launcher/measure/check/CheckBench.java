package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.python.HostPython;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.Progress;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.tree.TreePlugin;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A temporary folder with a worker directory, and what runs for a check. Leaves nothing behind once it is closed, which
 * may happen at any time and on another thread.
 */
final class CheckBench implements Closeable {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** Of the user's own settings, those that may have a part in what a package does. */
    private static final List<String> TAKEN_OVER = List.of(
            "python",
            "pip_mirror",
            "mem_pool_mb",
            "import_cache_tree",
            "sandbox",
            "network",
            "plugins",
            "plugin_path",
            "installer_limits");
    /** What large packages take, as long as the pool is large enough for two of them. */
    private static final int LEAF_MB = 1536;

    private final Progress progress;
    private final ImportCaches caches;
    private final Workplace place;
    private HostPython python;
    private PlainPython plain;

    private CheckBench(Progress progress, ImportCaches caches, Workplace place) {
        this.progress = progress;
        this.caches = caches;
        this.place = place;
    }

    /** Makes the temporary folder. */
    static CheckBench in(PrintWriter err, ImportCaches caches) throws IOException {
        return new CheckBench(new Progress(err), caches, Workplace.of("check"));
    }

    void say(String step) {
        progress.say(step);
    }

    /** A folder for temporary files. */
    Path folder() {
        return place.folder();
    }

    /** The interpreter that sandboxes use; after {@link #furnish}. */
    HostPython python() {
        return python;
    }

    /** The settings; after {@link #furnish}. */
    WorkerConfig config() throws ConfigException, IOException {
        return place.config();
    }

    /**
     * Makes the worker directory.
     *
     * @param settings the worker directory whose settings and tree are checked; empty for the usual ones
     * @param tree a tree to check instead; empty for that of the settings
     * @param packages where packages are kept; empty for a folder that goes with the check
     */
    void furnish(Optional<WorkerDirectory> settings, Optional<Path> tree, Optional<Path> packages)
            throws IOException, ConfigException, SandboxException, Failure, InterruptedException {
        place.furnish(TreePlugin.defaultTree());
        ObjectNode config = read(place.directory());
        if (settings.isPresent()) {
            takeOver(settings.get(), config);
        }
        if (tree.isPresent()) {
            config.put("import_cache_tree", tree.get().toAbsolutePath().toString());
        }
        int pool = config.path("mem_pool_mb").asInt();
        config.withObjectProperty("limits")
                .put("mem_mb", Math.min(LEAF_MB, pool / 2))
                .put("procs", 512)
                // As many processors as plain Python has.
                .put("cpu_percent", 100 * Runtime.getRuntime().availableProcessors())
                .put("runtime_sec", 240)
                .put("open_files", 4096)
                .put("tmp_mb", 256);
        place.change(settled -> settled.setAll(config));
        place.keepPackages(packages);
        python = place.python();
        plain = place.beside(
                () -> new PlainPython(Files.createDirectory(folder().resolve("plain")), python.executable()));
    }

    private static ObjectNode read(WorkerDirectory directory) throws IOException {
        return (ObjectNode) JSON.readTree(directory.configFile().toFile());
    }

    private static void takeOver(WorkerDirectory settings, ObjectNode config)
            throws IOException, ConfigException, Failure {
        if (!settings.config().sockBasePath().isEmpty()) {
            throw new Failure("the settings of " + settings.path() + " have a sock_base_path: plain Python of another"
                    + " root cannot be compared with; check without it");
        }
        ObjectNode own = read(settings);
        for (String key : TAKEN_OVER) {
            if (own.hasNonNull(key)) {
                config.set(key, own.get(key));
            }
        }
        String tree = own.path("import_cache_tree").asText("");
        if (own.path("import_cache_tree").isTextual() && !tree.startsWith("{") && !tree.equals("auto")) {
            config.put("import_cache_tree", settings.path().resolve(tree).toString());
        }
    }

    /** Puts a package's lambda into the registry. */
    void register(Subject subject) throws IOException, ConfigException, Failure {
        place.install(subject.lambda(), subject.write(Files.createDirectories(folder().resolve("lambdas")), List.of()));
    }

    /** Starts a worker, instead of the one that runs. */
    CheckWorker worker(Strategy strategy)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        return place.worker(() -> {
            WorkerDirectory directory = place.directory();
            place.choose(strategy.importCache());
            ObjectNode config = read(directory);
            place.change(own -> strategy.tree().ifPresent(tree -> own.set("import_cache_tree", tree)));
            Tap tap = new Tap(caches.byName(directory.configFile().toString(), strategy.importCache())
                    .provider());
            Worker started = Workers.make(directory, directory.config(), tap);
            started.start();
            place.change(own -> own.removeAll().setAll(config));
            return new CheckWorker(started, tap, directory.path().resolve("logs/lambdas.log"));
        });
    }

    /** Plain Python; after {@link #furnish}. */
    PlainPython plain() throws Failure {
        place.requireOpen();
        return plain;
    }

    @Override
    public void close() throws IOException {
        place.close();
    }
}
