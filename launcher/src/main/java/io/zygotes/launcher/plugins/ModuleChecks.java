package io.zygotes.launcher.plugins;

import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Looks whether the modules of a dropped-in plugin fit together and into the image, before Java does: its errors name
 * neither the jar nor what to do about it.
 */
final class ModuleChecks {

    private static final String SPI_MODULE = "io.zygotes.spi";

    private final PluginEntry entry;
    private final ModuleLayer image;

    /**
     * @param entry the plugin
     * @param image the layer of the image
     */
    ModuleChecks(PluginEntry entry, ModuleLayer image) {
        this.entry = entry;
        this.image = image;
    }

    /** That no package is in two jars: the modules of a plugin have one class loader. */
    void packagesAreInOneJarEach(Map<String, ModuleDescriptor> modules, Map<String, Path> jars)
            throws BrokenPluginException {
        Map<String, String> owners = new HashMap<>();
        for (ModuleDescriptor module : modules.values()) {
            for (String name : module.packages()) {
                String other = owners.putIfAbsent(name, module.name());
                if (other != null) {
                    throw new BrokenPluginException(
                            entry.path(),
                            "the package " + name + " is in " + jars.get(other).getFileName() + " and in "
                                    + jars.get(module.name()).getFileName(),
                            "no package may be in two jars of a plugin: leave one out, or make one jar of both");
                }
            }
        }
    }

    /**
     * That every module that is required is beside it or in the image, and open to plugins.
     *
     * @return what libraries have to do without, for the author
     */
    List<String> requiredModulesAreThere(Map<String, ModuleDescriptor> modules) throws BrokenPluginException {
        List<String> warnings = new ArrayList<>();
        for (ModuleDescriptor module : modules.values()) {
            for (ModuleDescriptor.Requires requires : module.requires()) {
                String name = requires.name();
                if (requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC)
                        || modules.containsKey(name)) {
                    continue;
                }
                if (lackedByLibrary(module, requires)) {
                    warnings.add("the library " + module.name() + " requires " + name + ", which is not in the image;"
                            + " it fails where it uses a class of that");
                    continue;
                }
                if (name.startsWith("io.zygotes.")
                        && !name.equals(SPI_MODULE)
                        && !name.startsWith("io.zygotes.plugin.")) {
                    throw new BrokenPluginException(
                            entry.path(),
                            "the module " + module.name() + " requires " + name + ", which is the worker's own",
                            "use " + SPI_MODULE + " alone");
                }
                if (image.configuration().findModule(name).isEmpty()) {
                    boolean ofJdk = isOfTheJdk(name);
                    throw new BrokenPluginException(
                            entry.path(),
                            "the module " + module.name() + " requires " + name + ", which is "
                                    + (ofJdk
                                            ? "not among the image's JDK modules " + jdkModules()
                                            : "neither beside it nor in the image"),
                            ofJdk
                                    ? "do without it: a plugin cannot bring modules of the JDK along"
                                    : "put the jar of " + name + " beside it, in a folder " + folder());
                }
            }
        }
        return warnings;
    }

    /** Whether a module that is no plugin itself requires a module of the JDK that the image does not have. */
    boolean lackedByLibrary(ModuleDescriptor module, ModuleDescriptor.Requires requires) {
        return isOfTheJdk(requires.name())
                && image.configuration().findModule(requires.name()).isEmpty()
                && !PluginLoader.provides(module);
    }

    private String folder() {
        String name = entry.path().getFileName().toString();
        return "plugins/" + (name.endsWith(".jar") ? name.substring(0, name.length() - ".jar".length()) : name) + "/";
    }

    private TreeSet<String> jdkModules() {
        TreeSet<String> names = new TreeSet<>();
        for (Module module : image.modules()) {
            if (isOfTheJdk(module)) {
                names.add(module.getName());
            }
        }
        return names;
    }

    static boolean isOfTheJdk(Module module) {
        return isOfTheJdk(module.getName());
    }

    private static boolean isOfTheJdk(String module) {
        return module.startsWith("java.") || module.startsWith("jdk.");
    }
}
