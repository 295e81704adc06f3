package io.zygotes.launcher.measure.demo;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.Progress;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs the same lambdas under each strategy on workers of its own, one after the other, in a temporary worker
 * directory, and measures them. Leaves nothing behind once it is closed, which may happen at any time and on another
 * thread. One run each.
 */
final class Demo implements Closeable {

    private static final List<String> STRATEGIES = List.of("", "tree", "multitree");
    private static final String TREE = "tree";

    private final Progress progress;
    private final Workplace place;
    private final ImportCaches caches;
    private final Optional<Path> packages;
    private final Repeats repeats;

    private Demo(Progress progress, Workplace place, ImportCaches caches, Optional<Path> packages, Repeats repeats) {
        this.progress = progress;
        this.place = place;
        this.caches = caches;
        this.packages = packages;
        this.repeats = repeats;
    }

    /**
     * Makes the temporary folder.
     *
     * @param err gets a line for each long step
     * @param caches where the strategies are found
     * @param packages where packages are kept; empty for a folder that goes with the demo
     * @param repeats how often each is measured
     * @throws IOException if the folder cannot be made
     */
    static Demo in(PrintWriter err, ImportCaches caches, Optional<Path> packages, Repeats repeats) throws IOException {
        return new Demo(new Progress(err), Workplace.of("demo"), caches, packages, repeats);
    }

    /**
     * Runs it.
     *
     * @param defaultTree the content of {@code default-zygotes-40.json}
     * @throws Failure if a lambda fails
     * @throws ConfigException if a worker refuses its settings
     * @throws Exception if a worker cannot be started
     */
    DemoReport run(byte[] defaultTree) throws Exception {
        progress.say("making a temporary worker directory in " + place.folder());
        place.furnish(defaultTree);
        place.keepPackages(packages);
        installLambdas();

        List<DemoRow> rows = new ArrayList<>();
        Optional<CacheShape> tree = Optional.empty();
        boolean packagesThere = false;
        for (String strategy : STRATEGIES) {
            if (caches.plugins().stream().noneMatch(plugin -> plugin.name().equals(strategy))) {
                progress.say("strategy \"" + strategy + "\": not in this image, left out");
                continue;
            }
            DemoWorker started = start(strategy);
            if (!packagesThere) {
                installPackages(started);
                packagesThere = true;
            }
            for (DemoLambda lambda : DemoLambda.ALL) {
                progress.say(name(strategy) + ": measuring " + lambda.name());
                rows.add(new Measurement(started, strategy, lambda, repeats).run());
            }
            if (strategy.equals(TREE)) {
                wakeZygotes(started);
                tree = Optional.of(started.shape());
            }
            progress.say(name(strategy) + ": stopping the worker");
            place.stopWorker();
        }
        return new DemoReport(rows, tree);
    }

    /** What a strategy is called in progress lines and tables. */
    static String name(String strategy) {
        return strategy.isEmpty() ? "none" : strategy;
    }

    private void installLambdas() throws IOException, ConfigException, Failure {
        Path sources = Files.createDirectory(place.folder().resolve("lambdas"));
        for (DemoLambda lambda : DemoLambda.ALL) {
            place.install(lambda.name(), lambda.write(sources));
        }
    }

    private DemoWorker start(String strategy) throws Exception {
        return place.worker(() -> {
            progress.say(name(strategy) + ": starting a worker");
            place.choose(strategy);
            return DemoWorker.start(place.directory(), caches);
        });
    }

    private void installPackages(DemoWorker started) throws Failure, InterruptedException {
        for (DemoLambda lambda : DemoLambda.ALL) {
            progress.say("installing what " + lambda.name() + " needs");
            started.call(lambda);
        }
    }

    /** The measurements destroyed zygotes on the way; one new leaf of each lambda brings them back. */
    private static void wakeZygotes(DemoWorker started) throws Failure, InterruptedException {
        for (DemoLambda lambda : DemoLambda.ALL) {
            started.dropLeaves(lambda);
            started.call(lambda);
        }
    }

    @Override
    public void close() throws IOException {
        place.close();
    }
}
