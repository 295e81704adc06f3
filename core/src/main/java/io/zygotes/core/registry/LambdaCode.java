package io.zygotes.core.registry;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * One version of a lambda, unpacked and ready to be used.
 *
 * @param version hash of its content
 * @param generation grows with every change that the registry notices
 * @param spec what a leaf for it must be
 * @param hashes of each package the archives that it may be installed from, such as {@code sha256:...}; none if any may
 * @param zygote from which zygotes its leaves are forked
 * @param serving how its calls are taken
 */
public record LambdaCode(
        String version,
        long generation,
        LeafSpec spec,
        Map<PackageId, Set<String>> hashes,
        ZygoteUse zygote,
        Serving serving) {

    /** Code whose leaves are forked from zygotes of packages, and whose packages may be installed from any archive. */
    public LambdaCode(String version, long generation, LeafSpec spec) {
        this(version, generation, spec, anyArchive(spec), ZygoteUse.PACKAGES, Serving.DEFAULT);
    }

    /** Checks for null and copies. */
    public LambdaCode {
        Objects.requireNonNull(version);
        Objects.requireNonNull(spec);
        Objects.requireNonNull(zygote);
        Objects.requireNonNull(serving);
        hashes = Map.copyOf(hashes);
    }

    private static Map<PackageId, Set<String>> anyArchive(LeafSpec spec) {
        Map<PackageId, Set<String>> none = new HashMap<>();
        spec.packages().forEach(id -> none.put(id, Set.of()));
        return none;
    }
}
