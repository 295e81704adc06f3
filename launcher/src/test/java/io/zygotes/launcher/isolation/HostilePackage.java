package io.zygotes.launcher.isolation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A package of version 1 with a module of its name, put into a worker's package folder as an install leaves it.
 *
 * @param name its name
 * @param files its files by name
 */
record HostilePackage(String name, Map<String, String> files) {

    /** One with a single module. */
    static HostilePackage of(String name, String code) {
        return new HostilePackage(name, Map.of(name + ".py", code));
    }

    void writeTo(Path packages) throws IOException, InterruptedException {
        Path place = packages.resolve(name + "==1");
        Path content = Files.createDirectories(place.resolve("files"));
        for (Map.Entry<String, String> file : files.entrySet()) {
            Files.writeString(content.resolve(file.getKey()), file.getValue());
        }
        TreeMap<String, Object> info = new TreeMap<>(Map.of(
                "name",
                name,
                "version",
                "1",
                "python",
                cacheTag(),
                "dependencies",
                List.of(),
                "modules",
                List.of(name),
                "bytes",
                1));
        Files.write(place.resolve("package.json"), AttackedWorker.JSON.writeValueAsBytes(info));
    }

    private static String cacheTag() throws IOException, InterruptedException {
        Process python = new ProcessBuilder("python3", "-c", "import sys; print(sys.implementation.cache_tag)").start();
        String tag = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        python.waitFor();
        return tag;
    }
}
