package io.zygotes.launcher.cli;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.MechanismPlugin;
import io.zygotes.launcher.plugins.Mechanisms;
import io.zygotes.launcher.plugins.Plugin;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes plugins check}. */
@Command(name = "check", description = "Loads a plugin that need not be installed, as a worker would.")
final class PluginsCheckCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "JAR", description = "Its jar, or the folder with its jar and those that it needs.")
    private Path jar;

    @Override
    public Integer call() throws Exception {
        ImportCaches caches = ImportCaches.check(Image.current().folder(), jar);
        List<Plugin> found =
                caches.plugins().stream().filter(plugin -> !plugin.builtIn()).toList();
        if (found.isEmpty() && caches.mechanisms().isEmpty() && caches.broken().isEmpty()) {
            throw new Failure(jar + " is neither a jar nor a folder with jars");
        }
        PrintWriter out = spec.commandLine().getOut();
        for (Plugin plugin : found) {
            out.println("ok: \"" + plugin.name() + "\" " + plugin.version() + " (module " + plugin.module() + ", SPI "
                    + plugin.spiVersion() + ")");
            plugin.warnings().forEach(warning -> out.println("warning: " + warning));
        }
        for (MechanismPlugin mechanism : caches.mechanisms()) {
            out.println("ok: sandbox mechanism \"" + mechanism.name() + "\" (module " + mechanism.module() + ")");
            Mechanisms.of(caches).byName(jar.toString(), mechanism.name());
        }
        caches.broken().forEach(broken -> out.println("broken: " + broken));
        for (Plugin plugin : found) {
            // A name that the image has already is as fatal as a jar that does not load.
            caches.byName(jar.toString(), plugin.name());
        }
        return caches.broken().isEmpty() ? 0 : 1;
    }
}
