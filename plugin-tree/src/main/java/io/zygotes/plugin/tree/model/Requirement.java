package io.zygotes.plugin.tree.model;

import io.zygotes.spi.PackageId;
import java.util.Objects;
import java.util.Optional;

/**
 * A package as a tree names it: pinned, or the version that the lambda pins.
 *
 * @param name the normalised name
 * @param version the version; empty for whichever version the lambda pins
 */
public record Requirement(String name, Optional<String> version) {

    /**
     * Normalises both parts.
     *
     * @throws IllegalArgumentException if one of them is not a name or a version
     */
    public Requirement {
        name = PackageId.normalize(name);
        if (version.isPresent()) {
            version = Optional.of(new PackageId(name, version.get()).version());
        }
    }

    /**
     * Reads {@code numpy} or {@code numpy==2.2.3}.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static Requirement parse(String text) {
        if (text.contains("==")) {
            return of(PackageId.parse(text));
        }
        return new Requirement(text.strip(), Optional.empty());
    }

    /** Exactly this version. */
    public static Requirement of(PackageId id) {
        return new Requirement(id.name(), Optional.of(id.version()));
    }

    /** Whether a package pinned by a lambda is what the tree means. */
    public boolean matches(PackageId id) {
        return name.equals(Objects.requireNonNull(id).name())
                && (version.isEmpty() || version.get().equals(id.version()));
    }

    /** {@code numpy} or {@code numpy==2.2.3}, which {@link #parse} reads back. */
    @Override
    public String toString() {
        return version.map(v -> name + "==" + v).orElse(name);
    }
}
