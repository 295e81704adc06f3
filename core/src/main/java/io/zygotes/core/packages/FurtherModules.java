package io.zygotes.core.packages;

import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which modules zygotes import beside those at the top of their packages: parts of these packages, and of the standard
 * library, that several lambdas with these packages need. What lambdas need is known from their source, and from what
 * their leaves say; both are hints of strangers. So a module counts only if it lies in the folder of a package of the
 * zygote, or if no package has its name; and one that a zygote is better without is left out for good. Safe for use by
 * many threads.
 */
public final class FurtherModules {

    private static final Logger LOG = System.getLogger(FurtherModules.class.getName());

    /** Lambdas, the least recently heard of forgotten first; modules of one; and those that a zygote is told. */
    private static final int MOST_LAMBDAS = 5000, MOST_OF_LAMBDA = 500, MOST_OF_ZYGOTE = 300;
    /** Modules that are left out, or looked for others. */
    private static final int MOST_KNOWN = 5000;
    /** Lambdas that must need a module: what only one asks for may be anything. */
    private static final int SEVERAL = 2;

    private static final int LONGEST = 255;
    private static final Pattern MODULE = Pattern.compile("[A-Za-z_]\\w*+(?:\\.[A-Za-z_]\\w*+)*+");

    private final InstalledPackages installed;

    // The rest is guarded by this object's monitor.

    private final Map<String, ModuleUse> uses = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, ModuleUse> eldest) {
            return size() > MOST_LAMBDAS;
        }
    };
    /** Reasons, by package ({@code name==version}; empty for the standard library) and module. */
    private final Map<String, Map<String, String>> leftOut = new LinkedHashMap<>();
    /** What modules looked for in vain. */
    private final Map<String, Set<String>> lookedFor = new LinkedHashMap<>();

    private boolean changed;

    FurtherModules(InstalledPackages installed) {
        this.installed = installed;
    }

    /**
     * Takes what a lambda needs. What is known of it already stays, as long as it pins the same packages.
     *
     * @param lambda its name
     * @param pins its packages
     * @param modules full names, in the order of their imports; what is no name is passed over
     */
    public synchronized void need(String lambda, Set<PackageId> pins, Collection<String> modules) {
        ModuleUse known = uses.get(lambda);
        Set<String> all = new LinkedHashSet<>(known != null && known.pins().equals(pins) ? known.modules() : Set.of());
        int before = all.size();
        for (String module : modules) {
            if (all.size() < MOST_OF_LAMBDA && isName(module)) {
                all.add(module);
            }
        }
        if (all.size() > before) {
            uses.put(lambda, new ModuleUse(pins, all));
            changed = true;
        }
    }

    /** Of names in a lambda's source, those that are modules in the folders of its packages. */
    public List<String> partsOf(Set<PackageId> pins, Collection<String> names) {
        PackageModules parts = new PackageModules(pins, installed);
        return names.stream()
                .filter(FurtherModules::isName)
                .filter(name -> parts.owner(name)
                        .filter(owner -> PackageModules.has(owner, name))
                        .isPresent())
                .toList();
    }

    static boolean isName(String text) {
        return text.length() <= LONGEST && MODULE.matcher(text).matches();
    }

    /**
     * What a zygote is to import.
     *
     * @param packages its packages
     * @param asked what its import cache asks for
     */
    public synchronized List<String> of(List<PackageId> packages, List<String> asked) {
        Set<String> modules = new LinkedHashSet<>(asked);
        modules.removeIf(name -> isLeftOut("", name));
        if (!packages.isEmpty()) {
            PackageModules parts = new PackageModules(packages, installed);
            counts(new HashSet<>(packages)).forEach((name, count) -> {
                if (count >= SEVERAL && modules.size() < MOST_OF_ZYGOTE && isWanted(name, parts)) {
                    modules.add(name);
                }
            });
        }
        return List.copyOf(modules);
    }

    /** How many lambdas with all of these packages need each module. */
    private Map<String, Integer> counts(Set<PackageId> packages) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (ModuleUse use : uses.values()) {
            if (use.pins().containsAll(packages)) {
                use.modules().forEach(name -> counts.merge(name, 1, Integer::sum));
            }
        }
        return counts;
    }

    private boolean isWanted(String name, PackageModules parts) {
        Optional<PackageInfo> owner = parts.owner(name);
        if (owner.isEmpty() ? parts.isOfAnyPackage(name) : !PackageModules.has(owner.get(), name)) {
            return false;
        }
        return !isLeftOut(key(owner), name)
                && lookedFor.getOrDefault(name, Set.of()).stream().noneMatch(parts::isOfAnotherPackage);
    }

    private boolean isLeftOut(String owner, String name) {
        return leftOut.getOrDefault(owner, Map.of()).containsKey(name);
    }

    private static String key(Optional<PackageInfo> owner) {
        return owner.map(info -> info.id().toString()).orElse("");
    }

    /**
     * Takes what came out in a zygote.
     *
     * @param packages its packages
     * @param findings what it found
     */
    public synchronized void learn(List<PackageId> packages, ModuleFindings findings) {
        PackageModules parts = new PackageModules(packages, installed);
        findings.leftOut().forEach((name, reason) -> {
            String owner = key(parts.owner(name));
            if (isName(name)
                    && size(leftOut) < MOST_KNOWN
                    && leftOut.computeIfAbsent(owner, key -> new LinkedHashMap<>())
                                    .putIfAbsent(name, reason)
                            == null) {
                changed = true;
                LOG.log(
                        Level.INFO,
                        "zygotes do without the module " + name + (owner.isEmpty() ? "" : " of " + owner)
                                + " from now on: " + reason);
            }
        });
        findings.lookedFor().forEach((name, missed) -> {
            if (isName(name) && lookedFor.size() < MOST_KNOWN) {
                changed |= !missed.equals(lookedFor.put(name, Set.copyOf(missed)));
            }
        });
    }

    private static int size(Map<String, Map<String, String>> all) {
        return all.values().stream().mapToInt(Map::size).sum();
    }

    /**
     * Reads what an earlier worker wrote; nothing happens if there is no file, and a damaged one is passed over.
     *
     * @throws IOException if it cannot be read
     */
    synchronized void load(Path file) throws IOException {
        if (Files.exists(file)) {
            ModuleRecord.read(file).ifPresent(known -> {
                known.uses().forEach((lambda, use) -> need(lambda, use.pins(), new ArrayList<>(use.modules())));
                known.leftOut().forEach((owner, reasons) -> leftOut.put(owner, new LinkedHashMap<>(reasons)));
                lookedFor.putAll(known.lookedFor());
                changed = false;
            });
        }
    }

    /**
     * Writes what is known, if it has changed.
     *
     * @throws IOException if it cannot be written
     */
    synchronized void save(Path file) throws IOException {
        if (changed) {
            new ModuleRecord(uses, leftOut, lookedFor).write(file);
            changed = false;
        }
    }
}
