package io.zygotes.launcher.plugins;

import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;

/**
 * Finds the modules of one plugin, and takes requirements away from libraries that the image cannot meet.
 *
 * <p>Commons Lang and jackson-databind before 2.15 require {@code java.desktop}, for a class or two that plugins hardly
 * ever come to; on the class path they would do without it. The image does not have it: it is a third of a Java
 * runtime.
 */
final class LenientLibraries implements ModuleFinder {

    private final ModuleFinder own;
    private final BiPredicate<ModuleDescriptor, Requires> lacking;

    /**
     * @param own finds the jars' modules
     * @param lacking which requirement of which module is taken away
     */
    LenientLibraries(ModuleFinder own, BiPredicate<ModuleDescriptor, Requires> lacking) {
        this.own = own;
        this.lacking = lacking;
    }

    @Override
    public Optional<ModuleReference> find(String name) {
        return own.find(name).map(this::rewritten);
    }

    @Override
    public Set<ModuleReference> findAll() {
        return own.findAll().stream().map(this::rewritten).collect(Collectors.toSet());
    }

    private ModuleReference rewritten(ModuleReference found) {
        ModuleDescriptor module = found.descriptor();
        if (module.requires().stream().noneMatch(required -> lacking.test(module, required))) {
            return found;
        }
        ModuleDescriptor.Builder builder = ModuleDescriptor.newModule(module.name(), module.modifiers());
        module.requires().stream()
                .filter(required -> !lacking.test(module, required))
                .forEach(builder::requires);
        module.exports().forEach(builder::exports);
        module.opens().forEach(builder::opens);
        module.uses().forEach(builder::uses);
        module.provides().forEach(builder::provides);
        builder.packages(module.packages());
        module.version().ifPresent(builder::version);
        module.mainClass().ifPresent(builder::mainClass);
        return new RewrittenModule(builder.build(), found);
    }
}
