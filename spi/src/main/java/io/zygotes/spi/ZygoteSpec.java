package io.zygotes.spi;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * What a zygote must be: a Python process that imported some packages and waits to be forked.
 *
 * @param packages every package that the zygote can see and has imported when it is ready, those of its parent
 *     included, in import order (dependencies first)
 * @param limits what it may use while it imports; {@code runtimeSec} ends an import that hangs
 * @param modules modules by their full names that it imports beside those at the top of its packages: of the standard
 *     library, or parts of these packages. It does without one that cannot be imported
 */
@Stability(Stability.Level.STABLE)
public record ZygoteSpec(List<PackageId> packages, Limits limits, List<String> modules) {

    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if a package name stands in it twice
     */
    public ZygoteSpec {
        packages = List.copyOf(packages);
        Objects.requireNonNull(limits);
        modules = List.copyOf(modules);
        Set<String> names = new HashSet<>();
        for (PackageId id : packages) {
            if (!names.add(id.name())) {
                throw new IllegalArgumentException("a zygote cannot hold " + id.name() + " twice: " + packages);
            }
        }
    }

    /**
     * A zygote that imports no further modules.
     *
     * @throws IllegalArgumentException if a package name stands in the list twice
     */
    public ZygoteSpec(List<PackageId> packages, Limits limits) {
        this(packages, limits, List.of());
    }
}
