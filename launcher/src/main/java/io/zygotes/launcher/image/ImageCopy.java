package io.zygotes.launcher.image;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.plugins.BrokenPlugin;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.plugins.Plugin;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A new image: everything of the one that runs, with the plugins that were chosen of it and others that were added.
 * Here is decided what it is to hold, and all that could be wrong with that is found; {@link ImageWriter} writes it.
 */
public final class ImageCopy {

    static final String COMMAND = "zygotes image";

    private final Path image;
    private final Consumer<String> notices;

    /**
     * @param image the folder of the image that runs
     * @param notices takes what the user should know though it stops nothing, a sentence each
     */
    public ImageCopy(Path image, Consumer<String> notices) {
        this.image = Objects.requireNonNull(image);
        this.notices = Objects.requireNonNull(notices);
    }

    /**
     * Makes it.
     *
     * @param keep names of the import caches of the present image that the new one is to have, dropped-in ones too; all
     *     that work if empty
     * @param add jars, or folders with the jar of a plugin and those that it needs
     * @param output where; must not exist, or be an empty folder, and must not lie in the present image
     * @return the names of the new image's import caches
     * @throws Failure if a name is not known, a jar does not pass the checks, two plugins share a name, or it
     *     cannot be written; nothing is left of it then
     * @throws ConfigException if the present image cannot be read
     */
    public SortedSet<String> make(Optional<Collection<String>> keep, List<Path> add, Path output)
            throws Failure, ConfigException {
        Path target = output.toAbsolutePath().normalize();
        checkPlace(target);
        List<Plugin> plugins = new ArrayList<>(kept(keep, add));
        for (Path each : add) {
            plugins.addAll(checked(each));
        }
        SortedSet<String> names = new TreeSet<>(byNames(plugins).keySet());
        Map<String, Path> dropIns = dropIns(plugins);
        checkAllWanted(keep, names);
        try {
            new ImageWriter(image, notices).write(target, plugins, dropIns, names);
        } catch (IOException e) {
            throw new Failure("cannot write the image " + target + ": " + reason(e) + ". Nothing was left of it", e);
        }
        return names;
    }

    private void checkPlace(Path target) throws Failure {
        if (target.getFileName() == null) {
            throw new Failure(target + " cannot be an image; choose another folder with --output");
        }
        try {
            Path present = target;
            while (!Files.exists(present)) {
                present = present.getParent();
            }
            if (present.toRealPath().startsWith(image.toRealPath())) {
                throw new Failure(target + " lies in the image that is to be copied, " + image
                        + "; choose a folder elsewhere with --output");
            }
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !isEmptyFolder(target)) {
                throw new Failure(target + " exists already and is not an empty folder; choose another one with"
                        + " --output, or remove it");
            }
        } catch (IOException e) {
            throw new Failure("cannot look at " + target + ": " + reason(e), e);
        }
    }

    private static boolean isEmptyFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    /** The plugins of the present image that go along. */
    private List<Plugin> kept(Optional<Collection<String>> keep, List<Path> add) throws Failure, ConfigException {
        ImportCaches present = ImportCaches.find(image, List.of(), COMMAND);
        present.broken().forEach(broken -> notices.accept("left out, because it cannot be used: " + broken));
        if (keep.isEmpty()) {
            return present.plugins();
        }
        List<Plugin> kept = new ArrayList<>();
        TreeSet<String> unknown = new TreeSet<>(keep.get());
        for (Plugin plugin : present.plugins()) {
            if (unknown.removeAll(plugin.names())) {
                kept.add(plugin);
            }
        }
        if (!unknown.isEmpty() && add.isEmpty()) {
            throw unknown(unknown, present.plugins());
        }
        for (Plugin plugin : present.plugins()) {
            boolean comesAlong = !plugin.builtIn()
                    && !kept.contains(plugin)
                    && kept.stream().anyMatch(other -> other.origin().equals(plugin.origin()));
            if (comesAlong) {
                throw new Failure(plugin.origin() + " also holds " + quoted(plugin.names())
                        + "; name all of its import caches with --plugins, or none");
            }
        }
        return kept;
    }

    private static Failure unknown(Collection<String> names, Collection<Plugin> known) {
        return new Failure("--plugins names " + quoted(names) + ", but there is no such import cache; known are "
                + quoted(known.stream()
                        .flatMap(plugin -> plugin.names().stream())
                        .collect(Collectors.toCollection(TreeSet::new)))
                + ". Correct the name, or bring the jar along with --add");
    }

    /** The plugins of a jar that is to be added. */
    private List<Plugin> checked(Path path) throws Failure, ConfigException {
        if (!Files.exists(path)) {
            throw new Failure("--add: there is no " + path);
        }
        ImportCaches found;
        try {
            found = ImportCaches.check(image, path);
        } catch (IOException e) {
            throw new Failure("--add: cannot read " + path + ": " + reason(e), e);
        }
        if (!found.broken().isEmpty()) {
            throw new Failure("--add: "
                    + found.broken().stream().map(BrokenPlugin::toString).collect(Collectors.joining("\n  ")));
        }
        List<Plugin> plugins =
                found.plugins().stream().filter(plugin -> !plugin.builtIn()).toList();
        if (plugins.isEmpty()) {
            throw new Failure("--add: " + path + " is neither a jar nor a folder with jars");
        }
        for (Plugin plugin : plugins) {
            plugin.warnings().forEach(warning -> notices.accept("warning: " + plugin.origin() + ": " + warning));
        }
        return plugins;
    }

    private static Map<String, Plugin> byNames(List<Plugin> plugins) throws Failure {
        if (plugins.isEmpty()) {
            throw new Failure("an image needs an import cache: name one with --plugins, or bring one along with --add");
        }
        try {
            return ImportCaches.byNames(COMMAND, plugins);
        } catch (ConfigException e) {
            throw new Failure(e.getMessage() + " (--plugins says which ones of the present image to keep)", e);
        }
    }

    /** What goes into the folder for plugins: file names and where they are now. */
    private static Map<String, Path> dropIns(List<Plugin> plugins) throws Failure {
        Map<String, Path> all = new LinkedHashMap<>();
        for (Plugin plugin : plugins) {
            if (plugin.builtIn()) {
                continue;
            }
            Path origin = Path.of(plugin.origin());
            String name = origin.getFileName().toString();
            if (name.startsWith(".")) {
                throw new Failure(origin + " begins with a dot, and such plugins are passed over; rename it");
            }
            Path other = all.putIfAbsent(name, origin);
            if (other != null && !other.equals(origin)) {
                throw new Failure(other + " and " + origin + " have the same file name; rename one of them");
            }
        }
        return all;
    }

    /** That the image has no plugin that was not asked for, and all that were. */
    private void checkAllWanted(Optional<Collection<String>> keep, SortedSet<String> names)
            throws Failure, ConfigException {
        if (keep.isEmpty()) {
            return;
        }
        TreeSet<String> missing = new TreeSet<>(keep.get());
        missing.removeAll(names);
        if (!missing.isEmpty()) {
            throw unknown(missing, ImportCaches.find(image, List.of(), COMMAND).plugins());
        }
    }

    static String quoted(Collection<String> names) {
        return names.stream().map(name -> "\"" + name + "\"").collect(Collectors.joining(", "));
    }

    private static String reason(IOException e) {
        if (!(e instanceof FileSystemException failed)) {
            return String.valueOf(e.getMessage());
        }
        // Of a copy it is the target that fails.
        String file = failed.getOtherFile() == null ? failed.getFile() : failed.getOtherFile();
        return file + ": "
                + (failed.getReason() == null
                        ? failed.getClass().getSimpleName().replace("Exception", "")
                        : failed.getReason());
    }
}
