package io.zygotes.launcher.measure.check;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.measure.session.Measuring;
import io.zygotes.launcher.measure.tree.OptionalTree;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes check-packages}. */
@Command(
        name = "check-packages",
        description = "Imports and uses packages in plain Python, without zygotes, in forks of a zygote with just this"
                + " package, and under a tree, and tells whether anything differs. Needs root. Plain Python is no"
                + " sandbox: check only packages that you would install.")
public final class CheckPackagesCommand implements Callable<Integer> {

    private static final String POPULAR = "popular.txt";

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NAME",
            arity = "0..*",
            description = "Packages, such as numpy or numpy==2.2.3 (default: all packages of the tree).")
    private List<String> names = List.of();

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "The N packages that public repositories ask for most, at most 500.")
    private Integer top;

    @Option(
            names = "--skip",
            paramLabel = "N",
            defaultValue = "0",
            description = "Leave out the first N of them (default: ${DEFAULT-VALUE}).")
    private int skip;

    @Option(
            names = {"-p", "--path"},
            paramLabel = "DIR",
            description = "A worker directory whose settings and tree are used; nothing in it is changed.")
    private Path path;

    @Option(names = "--tree", paramLabel = "FILE", description = "The tree (default: the one of the settings).")
    private Path tree;

    @Option(
            names = "--constraints",
            paramLabel = "FILE",
            description = "A constraints file for pip, which chooses the newest versions otherwise.")
    private Path constraints;

    @Option(
            names = "--packages",
            paramLabel = "DIR",
            description = "Keep installed packages in this folder, and take those that are there.")
    private Path packages;

    @Option(names = "--json", description = "Answer as one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        PrintWriter err = spec.commandLine().getErr();
        PrintWriter out = spec.commandLine().getOut();
        Optional<WorkerDirectory> settings = path == null ? Optional.empty() : Optional.of(WorkerDirectory.open(path));
        List<String> wanted = wanted(settings);
        List<String> limits = constraints == null ? List.of() : Files.readAllLines(constraints);
        Optional<CheckReport> report = Measuring.run(err, CheckBench.in(err, caches(settings)), bench -> {
            bench.furnish(settings, Optional.ofNullable(tree), Optional.ofNullable(packages));
            return new PackageCheck(bench, wanted, limits).run();
        });
        if (report.isEmpty()) {
            return 1;
        }
        if (json) {
            out.println(Output.json(report.get()));
        } else {
            out.print(CheckTable.of(report.get()));
        }
        out.flush();
        return report.get().count(Verdict.DIFFERS) == 0 ? 0 : 1;
    }

    private static ImportCaches caches(Optional<WorkerDirectory> settings) throws ConfigException, IOException {
        List<Path> more = settings.isPresent()
                ? settings.get().config().pluginFolder().stream().toList()
                : List.of();
        return ImportCaches.find(Image.current().folder(), more, "plugin_path");
    }

    private List<String> wanted(Optional<WorkerDirectory> settings) throws Exception {
        if (top == null && skip != 0) {
            throw new ParameterException(spec.commandLine(), "--skip goes with --top");
        }
        if (top == null) {
            return names.isEmpty() ? ofTree(settings) : checked(names);
        }
        if (!names.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name packages or say --top, not both");
        }
        List<String> popular = popular();
        if (top < 1 || top > popular.size() || skip < 0 || skip >= top) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--top must be 1 to " + popular.size() + ", and --skip less than that; they are " + top + " and "
                            + skip);
        }
        return popular.subList(skip, top);
    }

    private List<String> checked(List<String> given) {
        for (String name : given) {
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*(==[A-Za-z0-9][A-Za-z0-9.!+_-]*)?")) {
                throw new ParameterException(
                        spec.commandLine(), "'" + name + "' is no package: write a name, or name==version");
            }
        }
        return given;
    }

    private List<String> ofTree(Optional<WorkerDirectory> settings) throws Failure, ConfigException, IOException {
        if (tree != null) {
            return OptionalTree.tools()
                    .packages(Optional.of(tree.toAbsolutePath().toString()), Path.of("."));
        }
        return settings.isPresent()
                ? OptionalTree.tools()
                        .packages(
                                settings.get().config().importCacheTree(),
                                settings.get().path())
                : OptionalTree.tools().packages(Optional.empty(), Path.of("."));
    }

    private static List<String> popular() throws IOException {
        List<String> found = new ArrayList<>();
        try (InputStream file = CheckPackagesCommand.class.getResourceAsStream(POPULAR);
                BufferedReader lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    found.add(line);
                }
            }
        }
        return found;
    }
}
