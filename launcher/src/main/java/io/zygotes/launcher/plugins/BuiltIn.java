package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which of the plugins in an image's own modules count, as a file of the image says: one name a line. Modules cannot be
 * taken out of an image that is linked already, so one that is made from another leaves plugins out this way.
 */
public final class BuiltIn {

    /** The file, relative to the image. Without it all count. */
    public static final String FILE = "conf/built-in-plugins";

    private static final String HEAD = """
        # The import caches of this image's own modules that can be chosen, one name a line. The others are in the
        # image, too, but never used.
        """;

    private final Path file;
    private final Optional<SortedSet<String>> names;

    private BuiltIn(Path file, Optional<SortedSet<String>> names) {
        this.file = file;
        this.names = names;
    }

    static BuiltIn of(Path image) throws ConfigException {
        Path file = image.resolve(FILE);
        try {
            return new BuiltIn(
                    file,
                    Optional.of(Files.readString(file)
                            .lines()
                            .map(String::strip)
                            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                            .collect(Collectors.toCollection(TreeSet::new))));
        } catch (NoSuchFileException e) {
            return new BuiltIn(file, Optional.empty());
        } catch (IOException e) {
            throw new ConfigException(file.toString(), "cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * What the file of an image holds that has these.
     *
     * @param plugins plugins of the image's modules
     */
    public static byte[] file(Collection<Plugin> plugins) {
        StringBuilder text = new StringBuilder(HEAD);
        // The strategy without zygotes has no name but an alias.
        plugins.forEach(plugin -> text.append(plugin.names().last()).append('\n'));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Those that count. */
    List<Plugin> chosenOf(List<Plugin> plugins) throws ConfigException {
        if (names.isEmpty()) {
            return plugins;
        }
        List<Plugin> chosen = new ArrayList<>();
        TreeSet<String> unknown = new TreeSet<>(names.get());
        for (Plugin plugin : plugins) {
            if (unknown.removeAll(plugin.names())) {
                chosen.add(plugin);
            }
        }
        if (!unknown.isEmpty()) {
            throw new ConfigException(
                    file.toString(),
                    "names " + unknown + ", but no module of the image has such a plugin; "
                            + "there are "
                            + plugins.stream()
                                    .map(plugin -> plugin.names().last())
                                    .sorted()
                                    .toList()
                            + ". Take the name out");
        }
        return chosen;
    }
}
