package io.zygotes.spi;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * An installed package.
 *
 * @param id name and version
 * @param dependencies normalised names of the packages it needs on this machine (environment markers evaluated,
 *     extras left out), direct ones only
 * @param modules names of its top-level modules in the order in which they should be imported; empty if it has none
 * @param folder the folder on the host that holds it and nothing else; never changed once installed
 * @param bytes size of that folder in bytes
 */
@Stability(Stability.Level.STABLE)
public record PackageInfo(PackageId id, List<String> dependencies, List<String> modules, Path folder, long bytes) {

    /** Copies the lists. */
    public PackageInfo {
        Objects.requireNonNull(id);
        dependencies = List.copyOf(dependencies);
        modules = List.copyOf(modules);
        Objects.requireNonNull(folder);
    }
}
