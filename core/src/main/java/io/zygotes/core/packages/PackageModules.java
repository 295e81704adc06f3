package io.zygotes.core.packages;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which package a module belongs to, seen from a zygote with some packages. For one thread. */
final class PackageModules {

    private final Map<String, PackageInfo> owners = new HashMap<>();
    private final Set<String> ofOthers = new HashSet<>();

    /**
     * @param packages those of the zygote
     * @param installed all that there are
     */
    PackageModules(Collection<PackageId> packages, InstalledPackages installed) {
        Set<PackageId> own = new HashSet<>(packages);
        for (PackageInfo info : installed.all()) {
            for (String module : info.modules()) {
                if (own.contains(info.id())) {
                    owners.put(module, info);
                } else {
                    ofOthers.add(module);
                }
            }
        }
    }

    /** The package of the zygote that has this module, or what it is a part of; empty if none has. */
    Optional<PackageInfo> owner(String module) {
        for (String name = module; !name.isEmpty(); name = parent(name)) {
            if (owners.containsKey(name)) {
                return Optional.of(owners.get(name));
            }
        }
        return Optional.empty();
    }

    private static String parent(String name) {
        return name.substring(0, Math.max(name.lastIndexOf('.'), 0));
    }

    /** Whether any installed package, of the zygote or not, has the module, what it is a part of, or a part of it. */
    boolean isOfAnyPackage(String module) {
        return owner(module).isPresent() || isOfAnotherPackage(module);
    }

    /** Whether a package that the zygote does not have has a module of this name, or what that is a part of. */
    boolean isOfAnotherPackage(String module) {
        for (String name = module; !name.isEmpty(); name = parent(name)) {
            if (ofOthers.contains(name) && !owners.containsKey(name)) {
                return true;
            }
        }
        return has(ofOthers, module + ".");
    }

    private static boolean has(Collection<String> names, String beginning) {
        return names.stream().anyMatch(name -> name.startsWith(beginning));
    }

    /** Whether a module lies in a package's folder: as a file of Python or of C, or as a folder. */
    static boolean has(PackageInfo info, String module) {
        Path place = info.folder().resolve(module.replace('.', '/'));
        if (Files.isRegularFile(place.resolve("__init__.py")) || Files.isRegularFile(withSuffix(place, ".py"))) {
            return true;
        }
        String name = place.getFileName().toString();
        try (DirectoryStream<Path> libraries = Files.newDirectoryStream(place.getParent(), name + ".*so")) {
            return libraries.iterator().hasNext();
        } catch (IOException e) {
            return false; // there is no such folder
        }
    }

    private static Path withSuffix(Path place, String suffix) {
        return place.resolveSibling(place.getFileName() + suffix);
    }
}
