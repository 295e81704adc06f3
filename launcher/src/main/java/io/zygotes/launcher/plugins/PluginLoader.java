package io.zygotes.launcher.plugins;

import io.zygotes.core.guard.ContextLoader;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.SpiVersion;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ResolutionException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Pattern;

/**
 * Loads one dropped-in plugin into a module layer of its own above the image's layer, so that two plugins may carry
 * different versions of a library. Whatever is wrong with it ends as one {@link BrokenPlugin}.
 */
final class PluginLoader {

    private static final String SERVICE = ImportCacheProvider.class.getName();
    private static final String MECHANISM = SandboxMechanismProvider.class.getName();
    private static final String SERVICES_FOLDER = "META-INF/services/";
    private static final String SERVICES_FILE = SERVICES_FOLDER + SERVICE;
    private static final String SPI_PACKAGE = "io/zygotes/spi/";
    private static final String SPI_MODULE = "io.zygotes.spi";
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private final ModuleLayer image;

    PluginLoader(ModuleLayer image) {
        this.image = image;
    }

    /** What an entry turned out to be: at least one of the lists is not empty. */
    record Outcome(List<Plugin> plugins, List<MechanismPlugin> mechanisms, List<BrokenPlugin> broken) {

        private static Outcome broken(List<BrokenPlugin> broken) {
            return new Outcome(List.of(), List.of(), List.copyOf(broken));
        }
    }

    Outcome load(PluginEntry entry) {
        try {
            return loadOrFail(entry);
        } catch (BrokenPluginException e) {
            return Outcome.broken(List.of(e.plugin()));
        } catch (RuntimeException | Error e) {
            // A jar may be damaged in any way, and Java's own code throws anything then. Nobody may have chosen this
            // one.
            return Outcome.broken(List.of(new BrokenPlugin(
                    entry.path().toString(),
                    "it cannot be looked at: " + JavaErrors.sentence(e),
                    JavaErrors.mend(e, "copy it again, or take it away"))));
        }
    }

    private Outcome loadOrFail(PluginEntry entry) throws BrokenPluginException {
        Map<String, Path> jars = new LinkedHashMap<>();
        Map<String, ModuleDescriptor> modules = new LinkedHashMap<>();
        List<String> warnings = new ArrayList<>();
        boolean servicesIgnored = false;
        for (Path jar : entry.jars()) {
            Contents contents = read(jar);
            ModuleDescriptor module = describe(jar);
            Path other = jars.putIfAbsent(module.name(), jar);
            if (other != null) {
                throw new BrokenPluginException(
                        entry.path(),
                        other.getFileName() + " and " + jar.getFileName() + " are both the module " + module.name(),
                        "keep one of them");
            }
            modules.put(module.name(), module);
            if (module.isAutomatic() && contents.servicesFile()) {
                warnings.add(jar.getFileName() + " has no module-info.class; it works as the automatic module "
                        + module.name() + ", but only an explicit module keeps its insides to itself");
            }
            if (!module.isAutomatic() && contents.servicesFile() && !provides(module)) {
                servicesIgnored = true;
            }
            if (image.findModule(module.name()).isPresent()) {
                warnings.add("the module " + module.name() + " is in the image, too; the plugin uses its own");
            }
        }
        ModuleChecks checks = new ModuleChecks(entry, image);
        checks.packagesAreInOneJarEach(modules, jars);
        warnings.addAll(checks.requiredModulesAreThere(modules));
        if (servicesIgnored && modules.values().stream().noneMatch(PluginLoader::provides)) {
            throw new BrokenPluginException(
                    entry.path(),
                    "it is a named module with a " + SERVICES_FILE
                            + ", which Java reads only in jars without module-info.class",
                    "write 'provides " + SERVICE + " with YourProvider;' in its module-info.java");
        }
        ModuleLayer layer = define(entry, modules, checks);
        return ContextLoader.with(
                layer.findLoader(modules.keySet().iterator().next()), () -> inspect(entry, layer, warnings));
    }

    static boolean provides(ModuleDescriptor module) {
        return module.provides().stream()
                .anyMatch(provided ->
                        provided.service().equals(SERVICE) || provided.service().equals(MECHANISM));
    }

    /** What of a jar matters before Java's own module code sees it. */
    private record Contents(boolean servicesFile) {}

    private static Contents read(Path path) throws BrokenPluginException {
        try (JarFile jar = new JarFile(path.toFile())) {
            boolean bundlesSpi = jar.stream()
                    .anyMatch(file -> file.getName().startsWith(SPI_PACKAGE)
                            && file.getName().endsWith(".class"));
            if (bundlesSpi) {
                throw new BrokenPluginException(
                        path,
                        "it holds the SPI's own classes (" + SPI_PACKAGE + ")",
                        "leave them out: the worker brings them (in Maven, scope provided)");
            }
            return new Contents(
                    jar.getEntry(SERVICES_FILE) != null || jar.getEntry(SERVICES_FOLDER + MECHANISM) != null);
        } catch (IOException e) {
            throw new BrokenPluginException(
                    path,
                    "it cannot be read as a jar (" + e.getMessage() + ")",
                    "if it is still being copied, start again when that is done; copy it under another name and rename"
                            + " it");
        }
    }

    private static ModuleDescriptor describe(Path jar) throws BrokenPluginException {
        try {
            return ModuleFinder.of(jar).findAll().iterator().next().descriptor();
        } catch (FindException e) {
            throw new BrokenPluginException(
                    jar,
                    JavaErrors.sentence(e),
                    JavaErrors.mend(
                            e,
                            e.getCause() instanceof IllegalArgumentException
                                    ? "its file name makes no module name: rename it, or put Automatic-Module-Name"
                                            + " into its manifest"
                                    : "repair its module-info, or what is in META-INF/services"));
        }
    }

    private ModuleLayer define(PluginEntry entry, Map<String, ModuleDescriptor> modules, ModuleChecks checks)
            throws BrokenPluginException {
        try {
            ModuleFinder own =
                    new LenientLibraries(ModuleFinder.of(entry.jars().toArray(Path[]::new)), checks::lackedByLibrary);
            boolean written = overlapsImage(modules);
            if (written) {
                own = new PlainJars(
                        own,
                        image.modules().stream()
                                .filter(module -> ModuleChecks.isOfTheJdk(module)
                                        || module.getName().equals(SPI_MODULE))
                                .toList());
            }
            Configuration configuration =
                    Configuration.resolve(own, List.of(image.configuration()), ModuleFinder.of(), modules.keySet());
            ModuleLayer.Controller controller = ModuleLayer.defineModulesWithOneLoader(
                    configuration, List.of(image), ClassLoader.getPlatformClassLoader());
            if (written) {
                PlainJars.letReadEachOther(controller);
            }
            return controller.layer();
        } catch (FindException | ResolutionException | LayerInstantiationException e) {
            throw new BrokenPluginException(
                    entry.path(),
                    JavaErrors.sentence(e),
                    JavaErrors.mend(e, "no package may be in two of its jars, or in one of them and in the image"));
        }
    }

    private boolean overlapsImage(Map<String, ModuleDescriptor> modules) {
        Set<String> packages = new HashSet<>();
        image.modules().forEach(module -> packages.addAll(module.getPackages()));
        return modules.values().stream()
                .anyMatch(module -> image.findModule(module.name()).isPresent()
                        || module.packages().stream().anyMatch(packages::contains));
    }

    private Outcome inspect(PluginEntry entry, ModuleLayer layer, List<String> warnings) throws BrokenPluginException {
        ServiceScan<ImportCacheProvider> scan = ServiceScan.of(layer, ImportCacheProvider.class);
        ServiceScan<SandboxMechanismProvider> mechanismScan = ServiceScan.of(layer, SandboxMechanismProvider.class);
        List<Throwable> failures = new ArrayList<>(scan.failures());
        failures.addAll(mechanismScan.failures());
        List<MechanismPlugin> mechanisms = new ArrayList<>();
        List<Plugin> plugins = new ArrayList<>();
        List<BrokenPlugin> broken = new ArrayList<>();
        for (ImportCacheProvider provider : scan.services()) {
            try {
                plugins.add(describe(provider, entry.path().toString(), warnings));
            } catch (BrokenPluginException e) {
                broken.add(e.plugin());
            }
        }
        for (SandboxMechanismProvider provider : mechanismScan.services()) {
            try {
                mechanisms.add(describe(provider, entry.path().toString()));
            } catch (BrokenPluginException e) {
                broken.add(e.plugin());
            }
        }
        boolean usable = !plugins.isEmpty() || !mechanisms.isEmpty();
        if (!usable && broken.isEmpty() && failures.isEmpty()) {
            throw new BrokenPluginException(
                    entry.path(),
                    "it provides no " + SERVICE + ", and no " + MECHANISM,
                    "write 'provides " + SERVICE + " with YourProvider;' in its module-info.java, or add "
                            + SERVICES_FILE);
        }
        if (!usable && failures.isEmpty()) {
            // What is for another revision of the SPI misses something of course.
            return Outcome.broken(broken);
        }
        // Also if a provider could not be made: the class files say more about the reason than the error does.
        LinkCheck.Result links = links(entry, layer);
        if (!links.cause().isEmpty()) {
            broken.add(new BrokenPlugin(entry.path().toString(), links.cause(), links.mend()));
            return Outcome.broken(broken);
        }
        for (Throwable failure : failures) {
            broken.add(new BrokenPlugin(
                    entry.path().toString(),
                    JavaErrors.sentence(failure),
                    JavaErrors.mend(
                            failure,
                            "the class that 'provides' or META-INF/services names must be public, implement "
                                    + ImportCacheProvider.class.getSimpleName() + " or "
                                    + SandboxMechanismProvider.class.getSimpleName()
                                    + " and have a public constructor without parameters that does nothing")));
        }
        return new Outcome(
                plugins.stream().map(plugin -> plugin.warned(links.warnings())).toList(),
                List.copyOf(mechanisms),
                List.copyOf(broken));
    }

    private static LinkCheck.Result links(PluginEntry entry, ModuleLayer layer) throws BrokenPluginException {
        try {
            return LinkCheck.of(layer);
        } catch (IOException e) {
            throw new BrokenPluginException(
                    entry.path(), "it cannot be read (" + e.getMessage() + ")", "copy it again");
        }
    }

    private static MechanismPlugin describe(SandboxMechanismProvider provider, String origin)
            throws BrokenPluginException {
        try {
            String name = provider.name();
            if (name == null || !NAME.matcher(name).matches()) {
                throw new BrokenPluginException(
                        Path.of(origin),
                        "\"" + name + "\" cannot be the name of a sandbox mechanism",
                        "a name starts with a lower-case letter and holds lower-case letters, digits and -");
            }
            return new MechanismPlugin(name, provider.getClass().getModule().getName(), origin, provider);
        } catch (RuntimeException | Error e) {
            throw new BrokenPluginException(
                    Path.of(origin),
                    provider.getClass().getName() + " fails when asked about itself: " + JavaErrors.sentence(e),
                    JavaErrors.mend(e, "name() must return a constant"));
        }
    }

    /** Asks a provider about itself; the SPI revision first, because nothing else is safe to call before. */
    static Plugin describe(ImportCacheProvider provider, String origin, List<String> warnings)
            throws BrokenPluginException {
        Module module = provider.getClass().getModule();
        Path where = Path.of(origin);
        try {
            String declared = Objects.requireNonNull(provider.spiVersion(), "spiVersion() returns null");
            SpiRevision present = SpiRevision.parse(SpiVersion.CURRENT);
            if (!SpiRevision.parse(declared).worksWith(present)) {
                throw new BrokenPluginException(
                        where,
                        "it was built for revision " + declared + " of the SPI, this worker has " + present,
                        "use a plugin for the same major and no newer minor revision, or a newer Zygotes");
            }
            String name = provider.name();
            boolean builtIn = origin.equals(Plugin.IMAGE);
            List<String> names = new ArrayList<>(provider.aliases());
            names.add(name);
            for (String each : names) {
                if (each == null || !NAME.matcher(each).matches() && !(builtIn && each.isEmpty())) {
                    throw new BrokenPluginException(
                            where,
                            "\"" + each + "\" cannot be the name of an import cache",
                            "a name starts with a lower-case letter and holds lower-case letters, digits and -");
                }
            }
            return new Plugin(
                    name,
                    new TreeSet<>(provider.aliases()),
                    provider.version(),
                    declared,
                    provider.description(),
                    module.getName(),
                    origin,
                    warnings,
                    provider);
        } catch (RuntimeException | Error e) {
            throw new BrokenPluginException(
                    where,
                    provider.getClass().getName() + " fails when asked about itself: " + JavaErrors.sentence(e),
                    JavaErrors.mend(
                            e, "name(), aliases(), version(), spiVersion() and description() must return constants"));
        }
    }
}
