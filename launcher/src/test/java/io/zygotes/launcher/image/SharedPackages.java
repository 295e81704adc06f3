package io.zygotes.launcher.image;

import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Packages that are installed by the first test that needs them, and kept for the others until this process ends. */
final class SharedPackages {

    private static final Path FOLDER = make();

    private SharedPackages() {}

    /** For {@code --packages} or {@code pkgs_dir}, of one worker at a time. */
    static Path folder() {
        return FOLDER;
    }

    private static Path make() {
        try {
            Path made = Files.createTempDirectory("zygotes-packages-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    Folders.delete(made);
                } catch (IOException e) {
                    System.err.println(made + " could not be removed: " + e.getMessage());
                }
            }));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
