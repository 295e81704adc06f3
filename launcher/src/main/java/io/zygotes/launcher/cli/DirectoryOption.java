package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.tree.TreePlugin;
import io.zygotes.spi.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option {@code -p}: which worker directory. */
final class DirectoryOption {

    @Option(
            names = {"-p", "--path"},
            paramLabel = "DIR",
            defaultValue = "default-ol",
            description = "The worker directory (default: ${DEFAULT-VALUE}).")
    private Path path;

    Path path() {
        return path;
    }

    WorkerDirectory open() throws ConfigException, IOException {
        return WorkerDirectory.open(path);
    }

    /** Makes the directory. */
    WorkerDirectory init() throws IOException {
        return WorkerDirectory.init(path, new ByteArrayInputStream(TreePlugin.defaultTree()));
    }

    /** For commands to try next: {@code " -p DIR"}, or nothing for the default. */
    String repeated() {
        return path.toString().equals("default-ol") ? "" : " -p " + path;
    }
}
