package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.spi.ConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option {@code --plugin-path}: where else plugins lie. */
final class PluginPathOption {

    @Option(
            names = "--plugin-path",
            paramLabel = "PATH",
            split = ":",
            description =
                    "Further folders that are laid out like the image's folder plugins, or jars; separated by ':'.")
    private List<Path> paths = new ArrayList<>();

    List<Path> paths() {
        return List.copyOf(paths);
    }

    /** All import caches that a worker with these settings can choose from. */
    ImportCaches find(Optional<WorkerConfig> config) throws ConfigException {
        List<Path> all = new ArrayList<>(paths);
        config.flatMap(WorkerConfig::pluginFolder).ifPresent(all::add);
        return ImportCaches.find(Image.current().folder(), all, "--plugin-path, plugin_path");
    }
}
