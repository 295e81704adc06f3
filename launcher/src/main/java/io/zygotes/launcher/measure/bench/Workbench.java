package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.ContextTap;
import io.zygotes.launcher.measure.session.Progress;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxException;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A temporary folder with a worker directory, and what runs for a measurement. Leaves nothing behind once it is closed,
 * which may happen at any time and on another thread.
 */
final class Workbench implements Closeable {

    private final Progress progress;
    private final ImportCaches caches;
    private final Path folder;
    private final Optional<Path> packages;
    private final List<LimitProcess> limits = new ArrayList<>();
    private WorkerDirectory directory;
    private BenchWorker worker;
    private boolean closed;

    private Workbench(Progress progress, ImportCaches caches, Path folder, Optional<Path> packages) {
        this.progress = progress;
        this.caches = caches;
        this.folder = folder;
        this.packages = packages;
    }

    /**
     * Makes the temporary folder.
     *
     * @param err gets a line for each long step
     * @param caches where the import caches are found
     * @param packages where packages are kept; empty for a folder that goes with the measurement
     * @throws IOException if the folder cannot be made
     */
    static Workbench in(PrintWriter err, ImportCaches caches, Optional<Path> packages) throws IOException {
        return new Workbench(new Progress(err), caches, Files.createTempDirectory("zygotes-bench-"), packages);
    }

    void say(String step) {
        progress.say(step);
    }

    /** Makes the worker directory, with so many equal lambdas of each set. */
    void furnish(List<PackageSet> sets, int lambdas) throws IOException, ConfigException, Failure {
        furnish(PackageSet.TREE.getBytes(StandardCharsets.UTF_8));
        LambdaStore store = new LambdaStore(directory.config().registryFolder());
        Path sources = Files.createDirectory(folder.resolve("lambdas"));
        for (PackageSet set : sets) {
            for (int i = 0; i < lambdas; i++) {
                try {
                    store.install(set.write(sources, i));
                } catch (RegistryException e) {
                    throw new Failure(set.lambda(i) + " cannot be installed: " + e.getMessage(), e);
                }
            }
        }
    }

    /** Makes the worker directory without lambdas. */
    void furnish(byte[] defaultTree) throws IOException {
        directory = WorkerDirectory.init(folder.resolve("worker"), new ByteArrayInputStream(defaultTree));
        if (packages.isPresent()) {
            String kept = packages.get().toAbsolutePath().toString();
            BenchWorker.change(directory, config -> config.put("pkgs_dir", kept));
        }
    }

    /** Puts a lambda into the registry, or its new code. */
    void install(String lambda, String code, String requirements) throws IOException, ConfigException, Failure {
        install(lambda, code, requirements, "");
    }

    /** The same with settings of its own, as {@code ol.yaml} has them; none if they are empty. */
    void install(String lambda, String code, String requirements, String settings)
            throws IOException, ConfigException, Failure {
        Path source = Files.createDirectories(folder.resolve("lambdas").resolve(lambda));
        Files.writeString(source.resolve("f.py"), code);
        Files.writeString(source.resolve("requirements.txt"), requirements);
        if (!settings.isEmpty()) {
            Files.writeString(source.resolve("ol.yaml"), settings);
        }
        try {
            new LambdaStore(directory.config().registryFolder()).install(source);
        } catch (RegistryException e) {
            throw new Failure(lambda + " cannot be installed: " + e.getMessage(), e);
        }
    }

    /** Starts the worker with a change of its settings, which stays, instead of the one that runs. */
    synchronized BenchWorker worker(String importCache, Consumer<ObjectNode> change)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        requireOpen();
        stopWorker();
        worker = BenchWorker.start(directory, caches, importCache, change);
        return worker;
    }

    /** Starts the worker, instead of the one that runs. */
    synchronized BenchWorker worker(String importCache)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        requireOpen();
        stopWorker();
        say("starting a worker with import_cache \"" + importCache + "\"");
        worker = BenchWorker.start(directory, caches, importCache);
        return worker;
    }

    /** Starts a worker that serves no lambda, instead of the one that runs, and hands out its packages. */
    synchronized Packages packages()
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        requireOpen();
        stopWorker();
        ContextTap tap = new ContextTap();
        worker = BenchWorker.start(directory, tap);
        return tap.context().packages();
    }

    /** Starts a bare Python process that has imported packages; it ends with the workbench at the latest. */
    LimitProcess limit(PackageSet set, List<PackageInfo> packages)
            throws IOException, ConfigException, Failure, InterruptedException {
        return limit(set.code(), packages, false);
    }

    /** The same for one that has also imported {@code f.py}, and called it once. */
    LimitProcess limit(StartFunction function, List<PackageInfo> packages)
            throws IOException, ConfigException, Failure, InterruptedException {
        return limit(function.code(), packages, true);
    }

    private synchronized LimitProcess limit(String code, List<PackageInfo> packages, boolean primed)
            throws IOException, ConfigException, Failure, InterruptedException {
        requireOpen();
        Path own = Files.createTempDirectory(folder, "limit-");
        LimitProcess limit = LimitProcess.start(own, interpreter(), code, packages, primed);
        limits.add(limit);
        return limit;
    }

    /** The interpreter itself: one that is found by name in another environment may be another one. */
    private String interpreter() throws IOException, ConfigException, Failure, InterruptedException {
        try {
            return HostPython.probe(directory.config().python()).executable();
        } catch (PythonException e) {
            throw new Failure(e.getMessage(), e);
        }
    }

    private void requireOpen() throws Failure {
        if (closed) {
            throw new Failure("the measurement was stopped");
        }
    }

    private void stopWorker() {
        if (worker != null) {
            worker.close();
            worker = null;
        }
    }

    /** Ends what runs and removes the temporary folder. Idempotent. */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            limits.forEach(LimitProcess::close);
            stopWorker();
        } finally {
            Folders.delete(folder);
        }
    }
}
