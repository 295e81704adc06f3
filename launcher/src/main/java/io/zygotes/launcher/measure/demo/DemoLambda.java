package io.zygotes.launcher.measure.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A lambda of the demo. Its {@code f.py} and {@code requirements.txt} are resources in a folder of its name; the
 * versions there have wheels for Python 3.9 to 3.14.
 *
 * @param name its name
 * @param event what it is called with, JSON
 */
record DemoLambda(String name, String event) {

    /** All of them, the one without packages first. */
    static final List<DemoLambda> ALL = List.of(
            new DemoLambda("bare", "{\"n\": 10}"),
            new DemoLambda("numpy", "{\"n\": 10}"),
            new DemoLambda("pandas", "{\"n\": 10}"),
            new DemoLambda("requests", "{\"n\": 10}"),
            new DemoLambda("flask", "{\"n\": 10}"));

    /** Writes its folder into {@code parent}. */
    Path write(Path parent) throws IOException {
        Path folder = Files.createDirectory(parent.resolve(name));
        for (String file : List.of("f.py", "requirements.txt")) {
            try (InputStream content = DemoLambda.class.getResourceAsStream(name + "/" + file)) {
                if (content != null) {
                    Files.copy(content, folder.resolve(file));
                }
            }
        }
        return folder;
    }
}
