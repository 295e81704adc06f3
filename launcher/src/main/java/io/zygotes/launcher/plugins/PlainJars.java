package io.zygotes.launcher.plugins;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the modules of one plugin, with a written-out descriptor for each jar that has none.
 *
 * <p>For plugins that carry their own version of a library that the image has, too. An automatic module reads every
 * module there is, so Java refuses it there ("reads more than one module named …"). With a descriptor it reads only the
 * SPI and the JDK, those beside it whose services it provides or may use, and all others beside it once
 * {@link #letReadEachOther} was called; it is open to reflection as it would be on the class path.
 */
final class PlainJars implements ModuleFinder {

    private final ModuleFinder own;
    private final Set<Module> readable;
    private final Set<String> services;
    private final SiblingReads siblings;

    /**
     * @param own finds the jars' modules
     * @param readable modules of the image that a plain jar may read
     */
    PlainJars(ModuleFinder own, Collection<Module> readable) {
        this.own = own;
        this.readable = Set.copyOf(readable);
        this.services = own.findAll().stream()
                .flatMap(module -> module.descriptor().provides().stream())
                .map(ModuleDescriptor.Provides::service)
                .collect(Collectors.toSet());
        this.siblings = new SiblingReads(
                own.findAll().stream().map(ModuleReference::descriptor).toList(), services);
    }

    /** All readability among the jars of a plugin comes after the layer is made: as 'requires' it would be cycles. */
    static void letReadEachOther(ModuleLayer.Controller controller) {
        for (Module from : controller.layer().modules()) {
            for (Module to : controller.layer().modules()) {
                if (from.getDescriptor().isOpen()) {
                    controller.addReads(from, to);
                }
            }
        }
    }

    @Override
    public Optional<ModuleReference> find(String name) {
        return own.find(name).map(this::written);
    }

    @Override
    public Set<ModuleReference> findAll() {
        return own.findAll().stream().map(this::written).collect(Collectors.toSet());
    }

    private ModuleReference written(ModuleReference found) {
        ModuleDescriptor automatic = found.descriptor();
        if (!automatic.isAutomatic()) {
            return found;
        }
        ModuleDescriptor.Builder builder = ModuleDescriptor.newOpenModule(automatic.name());
        readable.forEach(module -> builder.requires(module.getName()));
        siblings.of(automatic.name()).forEach(builder::requires);
        // Of a service in another jar Java asks here and now that the jar is read.
        services.stream().filter(service -> sees(automatic, service)).forEach(builder::uses);
        for (String packageName : automatic.packages()) {
            builder.exports(packageName);
        }
        automatic.provides().stream()
                .filter(provided -> sees(automatic, provided.service()))
                .forEach(builder::provides);
        return new RewrittenModule(builder.build(), found);
    }

    private boolean sees(ModuleDescriptor automatic, String service) {
        String packageName = packageOf(service);
        return automatic.packages().contains(packageName)
                || readable.stream().anyMatch(module -> module.isExported(packageName))
                || siblings.reads(automatic.name(), packageName);
    }

    static String packageOf(String className) {
        return className.substring(0, Math.max(0, className.lastIndexOf('.')));
    }
}
