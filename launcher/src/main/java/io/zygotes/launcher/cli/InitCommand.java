package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Plugin;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes worker init}. */
@Command(name = "init", description = "Makes a worker directory: config.json, the default tree, an empty registry.")
final class InitCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Mixin
    private BaseImageOption image;

    @Option(
            names = {"-b", "--newbase"},
            description = "OpenLambda's: unpack the image anew. Taken, and without effect: nothing is unpacked here.")
    private boolean newBase;

    @Override
    public Integer call() throws Exception {
        image.require();
        WorkerDirectory made = directory.init();
        PrintWriter out = spec.commandLine().getOut();
        if (newBase) {
            out.println("note: -b is OpenLambda's and does nothing: sandboxes have this machine's own Python, or the"
                    + " folder that sock_base_path names");
        }
        out.println("made " + made.path());
        String chosen = made.config().features().importCache();
        List<Plugin> plugins = ImportCaches.find(Image.current().folder(), List.of(), "plugins")
                .plugins();
        if (plugins.stream().noneMatch(plugin -> plugin.names().contains(chosen))) {
            out.println("note: " + made.configFile() + " chooses the import cache \"" + chosen
                    + "\", which this image does not"
                    + " have; put one of these into features.import_cache: "
                    + plugins.stream()
                            .map(plugin -> "\"" + plugin.name() + "\"")
                            .collect(Collectors.joining(", ")));
        }
        out.println("next: " + Image.command() + " up" + directory.repeated() + " -d");
        return 0;
    }
}
