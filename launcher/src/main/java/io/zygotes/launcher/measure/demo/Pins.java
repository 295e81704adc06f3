package io.zygotes.launcher.measure.demo;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The versions of packages that the demo's lambdas need, for others that measure with the same. */
public final class Pins {

    private Pins() {}

    /**
     * The requirements of a lambda of the demo, indirect ones too, in the form of {@code requirements.txt}.
     *
     * @param lambda its name, which is that of the package that it imports
     * @throws IOException if there is no such lambda, or it needs no packages
     */
    public static String of(String lambda) throws IOException {
        String resource = lambda + "/requirements.txt";
        try (InputStream pins = Pins.class.getResourceAsStream(resource)) {
            if (pins == null) {
                throw new FileNotFoundException(resource + " of the demo is missing in this image");
            }
            return new String(pins.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
