package io.zygotes.launcher.image;

import io.zygotes.launcher.console.Failure;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The image that this program runs from.
 *
 * @param folder its folder; that of any Java runtime if the program does not run from an image
 */
public record Image(Path folder) {

    /** In an image the Java runtime and the program are one folder. */
    public static Image current() {
        return new Image(Path.of(System.getProperty("java.home")));
    }

    /** How the user called this program, for commands to try next. */
    public static String command() {
        return System.getProperty("zygotes.command", "zygotes");
    }

    /**
     * The start script.
     *
     * @throws Failure if this is no image but a plain Java runtime
     */
    public Path script() throws Failure {
        Path script = folder.resolve("bin/zygotes");
        if (!Files.isExecutable(script)) {
            throw new Failure(
                    script + " is missing: this is no image of Zygotes but a plain Java runtime; run Zygotes from its"
                            + " image");
        }
        return script;
    }
}
