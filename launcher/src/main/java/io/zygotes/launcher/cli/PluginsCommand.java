package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.plugins.BrokenPlugin;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Plugin;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes plugins}. */
@Command(
        name = "plugins",
        description = "Lists the import caches, and the plugins that cannot be used with the reason.",
        subcommands = PluginsCheckCommand.class)
final class PluginsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Mixin
    private PluginPathOption pluginPath;

    @Option(names = "--json", description = "Answer as JSON.")
    private boolean json;

    /** One line of the answer. */
    private record Line(
            String name,
            Collection<String> aliases,
            String version,
            String spiVersion,
            String module,
            String origin,
            boolean chosen,
            String description,
            List<String> warnings) {}

    /** Chosen is the name in the settings, whether or not there is such a plugin; null without settings. */
    private record Answer(String chosen, List<Line> plugins, List<Mechanism> mechanisms, List<BrokenPlugin> broken) {}

    /** A sandbox mechanism that was dropped in. */
    private record Mechanism(String name, String module, String origin) {}

    @Override
    public Integer call() throws Exception {
        Optional<WorkerConfig> config = WorkerDirectory.exists(directory.path())
                ? Optional.of(directory.open().config())
                : Optional.empty();
        ImportCaches caches = pluginPath.find(config);
        Optional<String> chosen = config.map(settings -> settings.features().importCache());
        List<Line> lines = lines(caches, chosen);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Output.json(new Answer(chosen.orElse(null), lines, mechanisms(caches), caches.broken())));
        } else {
            print(lines, chosen, caches, out);
        }
        return 0;
    }

    private static List<Mechanism> mechanisms(ImportCaches caches) {
        return caches.mechanisms().stream()
                .map(each -> new Mechanism(each.name(), each.module(), each.origin()))
                .toList();
    }

    private static List<Line> lines(ImportCaches caches, Optional<String> chosen) {
        List<Line> lines = new ArrayList<>();
        for (Plugin plugin : caches.plugins()) {
            boolean isChosen = chosen.isPresent()
                    && (plugin.name().equals(chosen.get()) || plugin.aliases().contains(chosen.get()));
            lines.add(new Line(
                    plugin.name(),
                    plugin.aliases(),
                    plugin.version(),
                    plugin.spiVersion(),
                    plugin.module(),
                    plugin.origin(),
                    isChosen,
                    plugin.description(),
                    plugin.warnings()));
        }
        return lines;
    }

    private void print(List<Line> lines, Optional<String> chosen, ImportCaches caches, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "NAME", "VERSION", "SPI", "MODULE", "FROM", ""));
        for (Line line : lines) {
            rows.add(List.of(
                    line.chosen() ? "*" : "",
                    "\"" + line.name() + "\"",
                    line.version(),
                    line.spiVersion(),
                    line.module(),
                    line.origin(),
                    line.description()));
        }
        out.print(Output.table(new boolean[rows.getFirst().size()], rows));
        if (chosen.isPresent()) {
            Path file = directory.path().resolve(WorkerConfig.FILE);
            out.println(
                    lines.stream().anyMatch(Line::chosen)
                            ? "* chosen in " + file
                            : file + " chooses \"" + chosen.get() + "\", which is none of these");
        }
        for (Line line : lines) {
            line.warnings().forEach(warning -> out.println("warning: " + line.origin() + ": " + warning));
        }
        caches.mechanisms()
                .forEach(mechanism -> out.println("sandbox mechanism \"" + mechanism.name() + "\": module "
                        + mechanism.module() + ", from " + mechanism.origin()));
        caches.broken().forEach(broken -> out.println("broken: " + broken));
        out.flush();
    }
}
