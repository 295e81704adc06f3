package io.zygotes.launcher.plugins;

import java.lang.module.ModuleDescriptor;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which jars of a plugin have to read which others when Java puts them together: to provide or use a service whose type
 * is in another jar (jackson-databind 2.9 provides one of jackson-core). Never in a circle, which Java would refuse:
 * what would close one is left out, those that provide a service before those that may use it.
 */
final class SiblingReads {

    private final Map<String, Set<String>> reads = new HashMap<>();
    private final Map<String, Set<String>> added = new HashMap<>();
    private final Map<String, String> owners = new HashMap<>();

    /**
     * @param modules all of the plugin
     * @param services names of all services that they provide
     */
    SiblingReads(Collection<ModuleDescriptor> modules, Set<String> services) {
        Map<String, ModuleDescriptor> byName = new TreeMap<>();
        for (ModuleDescriptor module : modules) {
            byName.put(module.name(), module);
            reads.put(module.name(), new HashSet<>());
            module.requires().forEach(required -> reads.get(module.name()).add(required.name()));
            (module.isAutomatic() ? module.packages() : exported(module))
                    .forEach(name -> owners.put(name, module.name()));
        }
        for (ModuleDescriptor module : byName.values()) {
            module.provides().forEach(provided -> add(module, provided.service()));
        }
        for (ModuleDescriptor module : byName.values()) {
            new TreeSet<>(services).forEach(service -> add(module, service));
        }
    }

    private static Set<String> exported(ModuleDescriptor module) {
        Set<String> names = new HashSet<>();
        module.exports().stream()
                .filter(exports -> !exports.isQualified())
                .forEach(exports -> names.add(exports.source()));
        return names;
    }

    private void add(ModuleDescriptor from, String service) {
        String to = owners.get(PlainJars.packageOf(service));
        if (from.isAutomatic() && to != null && !to.equals(from.name()) && !leads(to, from.name())) {
            reads.get(from.name()).add(to);
            added.computeIfAbsent(from.name(), name -> new TreeSet<>()).add(to);
        }
    }

    private boolean leads(String from, String to) {
        Deque<String> open = new ArrayDeque<>(Set.of(from));
        Set<String> seen = new HashSet<>();
        while (!open.isEmpty()) {
            String next = open.poll();
            if (next.equals(to)) {
                return true;
            }
            if (seen.add(next)) {
                open.addAll(reads.getOrDefault(next, Set.of()));
            }
        }
        return false;
    }

    /** The modules that a jar without descriptor reads. */
    Set<String> of(String module) {
        return added.getOrDefault(module, Set.of());
    }

    /** Whether it reads the one that has a package. */
    boolean reads(String module, String packageName) {
        return of(module).contains(owners.getOrDefault(packageName, ""));
    }
}
