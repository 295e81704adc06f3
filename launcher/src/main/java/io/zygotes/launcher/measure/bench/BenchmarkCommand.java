package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.measure.session.Measuring;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * What the commands below {@code zygotes bench} have in common: they check what was asked for, measure on a workbench,
 * and print a table, or JSON.
 *
 * @param <R> what is reported
 */
abstract class BenchmarkCommand<R> implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Answer as one JSON object.")
    private boolean json;

    @Option(
            names = "--packages",
            paramLabel = "DIR",
            description = "Keep installed packages in this folder, and take those that are there.")
    private Path packages;

    /** Measures. What was asked for is checked first. */
    abstract R measure(Workbench bench) throws Exception;

    /** Prints the report for people. */
    abstract void print(R report, PrintWriter out);

    /** Refuses nonsense before anything is started; what needs to be read is read here. */
    abstract void check() throws Exception;

    /** Something is wrong with an option: the usage is shown with it. */
    final ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    final void atLeastOne(String option, int value) {
        if (value < 1) {
            throw wrong(option + " must be at least 1, it is " + value);
        }
    }

    final PackageSet set(String name) {
        return PackageSet.named(name)
                .orElseThrow(
                        () -> wrong("there is no set of packages called \"" + name + "\", only " + new SetNames()));
    }

    final PrintWriter err() {
        return spec.commandLine().getErr();
    }

    private static ImportCaches caches() throws ConfigException {
        return ImportCaches.find(Image.current().folder(), List.of(), "--plugin-path");
    }

    @Override
    public final Integer call() throws Exception {
        check();
        Optional<R> report =
                Measuring.run(err(), Workbench.in(err(), caches(), Optional.ofNullable(packages)), this::measure);
        if (report.isEmpty()) {
            return 1;
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(report.get()));
        } else {
            print(report.get(), out);
        }
        out.flush();
        return 0;
    }
}
