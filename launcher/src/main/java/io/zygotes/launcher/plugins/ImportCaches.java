package io.zygotes.launcher.plugins;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCacheProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The import caches that there are: those of the image, and the plugins that were dropped in. Found once, immutable
 * afterwards.
 */
public final class ImportCaches {

    /** The folder of an image where plugins are dropped in. */
    public static final String DROP_IN = "plugins";

    private final List<Plugin> plugins;
    private final List<MechanismPlugin> mechanisms;
    private final List<BrokenPlugin> broken;
    private final List<Path> searched;

    private ImportCaches(
            List<Plugin> plugins, List<MechanismPlugin> mechanisms, List<BrokenPlugin> broken, List<Path> searched) {
        this.plugins = List.copyOf(plugins);
        this.mechanisms = List.copyOf(mechanisms);
        this.broken = List.copyOf(broken);
        this.searched = List.copyOf(searched);
    }

    /**
     * Finds them.
     *
     * @param image the folder of the image: its plugins lie in {@link #DROP_IN}, and {@link BuiltIn#FILE} says which of
     *     those that are part of it count; neither need exist
     * @param more further folders that are laid out like {@link #DROP_IN}, or single jars
     * @param where the setting that names {@code more}, for messages
     * @throws ConfigException if one of {@code more} is not there, or a folder or that file cannot be read
     */
    public static ImportCaches find(Path image, List<Path> more, String where) throws ConfigException {
        Path dropIn = image.resolve(DROP_IN);
        Set<Path> folders = new LinkedHashSet<>();
        if (Files.isDirectory(dropIn)) {
            folders.add(real(dropIn));
        }
        for (Path folder : more) {
            folders.add(real(folder));
        }
        List<PluginEntry> entries = new ArrayList<>();
        for (Path folder : folders) {
            entries.addAll(PluginEntry.in(folder, where));
        }
        return load(BuiltIn.of(image), entries, List.copyOf(folders));
    }

    /**
     * Loads one plugin that need not be installed, as a worker would, beside those of the image.
     *
     * @param image the folder of the image, as for {@link #find}
     * @param path its jar, or the folder with its jar and those that it needs
     * @throws ConfigException if the image cannot be read
     * @throws IOException if the folder cannot be read
     */
    public static ImportCaches check(Path image, Path path) throws ConfigException, IOException {
        return load(BuiltIn.of(image), PluginEntry.single(real(path)), List.of(path));
    }

    private static ImportCaches load(BuiltIn builtIn, List<PluginEntry> entries, List<Path> searched)
            throws ConfigException {
        List<Plugin> ofImage = new ArrayList<>();
        List<BrokenPlugin> broken = new ArrayList<>();
        ModuleLayer image = ModuleLayer.boot();
        for (ImportCacheProvider provider :
                ServiceScan.of(image, ImportCacheProvider.class).services()) {
            try {
                ofImage.add(PluginLoader.describe(provider, Plugin.IMAGE, List.of()));
            } catch (BrokenPluginException e) {
                broken.add(e.plugin());
            }
        }
        List<Plugin> plugins = new ArrayList<>(builtIn.chosenOf(ofImage));
        List<MechanismPlugin> mechanisms = new ArrayList<>();
        PluginLoader loader = new PluginLoader(image);
        for (PluginEntry entry : new LinkedHashSet<>(entries)) {
            PluginLoader.Outcome outcome = loader.load(entry);
            plugins.addAll(outcome.plugins());
            mechanisms.addAll(outcome.mechanisms());
            broken.addAll(outcome.broken());
        }
        return new ImportCaches(plugins, mechanisms, broken, searched);
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            // Not there: whoever looks into it says so, with the setting that names it.
            return path.toAbsolutePath().normalize();
        }
    }

    /** Those that can be used, the image's first. Two may have one name; then {@link #byName} refuses. */
    public List<Plugin> plugins() {
        return plugins;
    }

    /** The sandbox mechanisms that were dropped in. */
    public List<MechanismPlugin> mechanisms() {
        return mechanisms;
    }

    /** Those that cannot be used. */
    public List<BrokenPlugin> broken() {
        return broken;
    }

    /**
     * The plugin of that name.
     *
     * @param where file and JSON path of the setting that holds the name
     * @param name name or alias
     * @throws ConfigException if there is none (names those that exist, where they were looked for, and what is broken
     *     there), or if any two plugins share a name
     */
    public Plugin byName(String where, String name) throws ConfigException {
        return new NamedServices<>("import cache", advice(), byNames(where, plugins)).byName(where, name);
    }

    /**
     * Plugins by their names and aliases.
     *
     * @param where file and JSON path of the setting, or the command, for messages
     * @throws ConfigException if two share a name; says where both are
     */
    public static Map<String, Plugin> byNames(String where, List<Plugin> plugins) throws ConfigException {
        Map<String, Plugin> byName = new TreeMap<>();
        for (Plugin plugin : plugins) {
            for (String each : plugin.names()) {
                Plugin other = byName.putIfAbsent(each, plugin);
                if (other != null) {
                    throw new ConfigException(
                            where,
                            "two import caches are named \"" + each + "\": one in " + place(other) + " and one in "
                                    + place(plugin) + ". Remove one of them");
                }
            }
        }
        return byName;
    }

    private static String place(Plugin plugin) {
        return plugin.builtIn() ? "the image (module " + plugin.module() + ")" : plugin.origin();
    }

    private String advice() {
        StringBuilder text = new StringBuilder("Looked in the image");
        for (Path folder : searched) {
            text.append(" and in ").append(folder);
        }
        text.append('.');
        if (!broken.isEmpty()) {
            text.append(" Could not be used:");
            broken.forEach(each -> text.append("\n  ").append(each));
        } else {
            text.append(" Correct the name, or drop the plugin's jar into the image's folder plugins");
        }
        return text.toString();
    }
}
