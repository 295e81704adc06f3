package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One dropped-in plugin: a jar, or a folder with its jar and those it needs.
 *
 * @param path the jar or folder
 * @param jars the jars, sorted
 */
record PluginEntry(Path path, List<Path> jars) {

    PluginEntry {
        jars = List.copyOf(jars);
    }

    /**
     * The entries of a folder that is laid out like the image's {@code plugins}: {@code NAME.jar} and
     * {@code NAME/*.jar}. Everything else in it is left alone, names that start with a dot included.
     *
     * @param folder the folder, or a single jar
     * @param where the setting that names it, for messages
     * @throws ConfigException if it is not there or cannot be read
     */
    static List<PluginEntry> in(Path folder, String where) throws ConfigException {
        if (isJar(folder)) {
            return List.of(new PluginEntry(folder, List.of(folder)));
        }
        if (!Files.isDirectory(folder)) {
            throw new ConfigException(where, folder + " is neither a folder with plugins nor a jar");
        }
        try {
            List<PluginEntry> entries = new ArrayList<>();
            for (Path path : list(folder)) {
                List<Path> jars = isJar(path) ? List.of(path) : jarsIn(path);
                if (!jars.isEmpty()) {
                    entries.add(new PluginEntry(path, jars));
                }
            }
            return List.copyOf(entries);
        } catch (IOException e) {
            throw new ConfigException(where, "cannot read the plugin folder " + folder + ": " + e.getMessage(), e);
        }
    }

    /** One jar, or one folder that holds a plugin and what it needs; empty if it is neither. */
    static List<PluginEntry> single(Path path) throws IOException {
        List<Path> jars = isJar(path) ? List.of(path) : jarsIn(path);
        return jars.isEmpty() ? List.of() : List.of(new PluginEntry(path, jars));
    }

    private static List<Path> jarsIn(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        return list(folder).stream().filter(PluginEntry::isJar).toList();
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.filter(path -> !path.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isJar(Path path) {
        return path.getFileName() != null
                && path.getFileName().toString().endsWith(".jar")
                && Files.isRegularFile(path);
    }
}
