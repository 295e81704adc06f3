package io.zygotes.core.packages;

import io.zygotes.spi.PackageId;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a lambda needs beside what its packages import by themselves.
 *
 * @param pins its packages
 * @param modules full names of modules, in the order of their imports
 */
record ModuleUse(Set<PackageId> pins, Set<String> modules) {

    /** Copies the sets. */
    ModuleUse {
        pins = Set.copyOf(pins);
        modules = Collections.unmodifiableSet(new LinkedHashSet<>(modules));
    }
}
