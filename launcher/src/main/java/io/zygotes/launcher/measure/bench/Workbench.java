package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.ContextTap;
import io.zygotes.launcher.measure.session.Progress;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxException;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
    private final Workplace place;
    private final Optional<Path> packages;

    private Workbench(Progress progress, ImportCaches caches, Workplace place, Optional<Path> packages) {
        this.progress = progress;
        this.caches = caches;
        this.place = place;
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
        return new Workbench(new Progress(err), caches, Workplace.of("bench"), packages);
    }

    void say(String step) {
        progress.say(step);
    }

    /** Makes the worker directory, with so many equal lambdas of each set. */
    void furnish(List<PackageSet> sets, int lambdas) throws IOException, ConfigException, Failure {
        furnish(PackageSet.TREE.getBytes(StandardCharsets.UTF_8));
        Path sources = Files.createDirectory(place.folder().resolve("lambdas"));
        for (PackageSet set : sets) {
            for (int i = 0; i < lambdas; i++) {
                place.install(set.lambda(i), set.write(sources, i));
            }
        }
    }

    /** Makes the worker directory without lambdas. */
    void furnish(byte[] defaultTree) throws IOException {
        place.furnish(defaultTree);
        place.keepPackages(packages);
    }

    /** Puts a lambda into the registry, or its new code. */
    void install(String lambda, String code, String requirements) throws IOException, ConfigException, Failure {
        install(lambda, code, requirements, "");
    }

    /** The same with settings of its own, as {@code ol.yaml} has them; none if they are empty. */
    void install(String lambda, String code, String requirements, String settings)
            throws IOException, ConfigException, Failure {
        Path source = Files.createDirectories(place.folder().resolve("lambdas").resolve(lambda));
        Files.writeString(source.resolve("f.py"), code);
        Files.writeString(source.resolve("requirements.txt"), requirements);
        if (!settings.isEmpty()) {
            Files.writeString(source.resolve("ol.yaml"), settings);
        }
        place.install(lambda, source);
    }

    /** Starts the worker with a change of its settings, which stays, instead of the one that runs. */
    BenchWorker worker(String importCache, Consumer<ObjectNode> change)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        return place.worker(() -> {
            place.choose(importCache);
            place.change(change);
            return BenchWorker.start(place.directory(), caches);
        });
    }

    /** Starts the worker, instead of the one that runs. */
    BenchWorker worker(String importCache)
            throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        place.requireOpen();
        say("starting a worker with import_cache \"" + importCache + "\"");
        return worker(importCache, config -> {});
    }

    /** Starts a worker that serves no lambda, instead of the one that runs, and hands out its packages. */
    Packages packages() throws ConfigException, SandboxException, IOException, InterruptedException, Failure {
        ContextTap tap = new ContextTap();
        place.worker(() -> {
            place.choose("");
            return BenchWorker.start(place.directory(), tap);
        });
        return tap.context().packages();
    }

    /** Starts a bare Python process that has imported packages; it ends with the workbench at the latest. */
    LimitProcess limit(PackageSet set, List<PackageInfo> packages)
            throws IOException, ConfigException, SandboxException, Failure, InterruptedException {
        return limit(set.code(), packages, false);
    }

    /** The same for one that has also imported {@code f.py}, and called it once. */
    LimitProcess limit(StartFunction function, List<PackageInfo> packages)
            throws IOException, ConfigException, SandboxException, Failure, InterruptedException {
        return limit(function.code(), packages, true);
    }

    private LimitProcess limit(String code, List<PackageInfo> packages, boolean primed)
            throws IOException, ConfigException, SandboxException, Failure, InterruptedException {
        return place.beside(() -> {
            Path own = Files.createTempDirectory(place.folder(), "limit-");
            return LimitProcess.start(own, place.python().executable(), code, packages, primed);
        });
    }

    @Override
    public void close() throws IOException {
        place.close();
    }
}
