package io.zygotes.spi;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A Python package pinned to one version, such as {@code numpy==2.2.3}.
 *
 * <p>Names compare by the packaging rules: case is ignored and runs of {@code -}, {@code _} and {@code .} are one
 * {@code -} (PEP 503). Versions compare as text, trimmed and in lower case.
 *
 * @param name the normalised name, such as {@code ruamel-yaml}
 * @param version the version as pinned, such as {@code 2.2.3}
 */
@Stability(Stability.Level.STABLE)
public record PackageId(String name, String version) implements Comparable<PackageId> {

    /** What PEP 508 allows as a name. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?");
    /** A superset of PEP 440 that holds no slash, no blank and no comparison sign: safe as part of a file name. */
    private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.!+_-]*");

    private static final Pattern SEPARATORS = Pattern.compile("[-_.]+");

    /**
     * Checks both parts and normalises them.
     *
     * @throws IllegalArgumentException if one of them is not a name or a version; the message names it
     */
    public PackageId {
        name = normalize(name);
        version = Objects.requireNonNull(version, "version").strip().toLowerCase(Locale.ROOT);
        if (!VERSION.matcher(version).matches()) {
            throw new IllegalArgumentException("'" + version + "' is not a version (package " + name + ")");
        }
    }

    /**
     * Reads {@code name==version}.
     *
     * @param pinned the text; blanks around its parts are ignored
     * @throws IllegalArgumentException if it is not one name, {@code ==} and one version
     */
    public static PackageId parse(String pinned) {
        int at = pinned.indexOf("==");
        if (at < 0) {
            throw new IllegalArgumentException("'" + pinned + "' is not pinned: write name==version");
        }
        return new PackageId(pinned.substring(0, at).strip(), pinned.substring(at + 2));
    }

    /**
     * Normalises a package name by PEP 503.
     *
     * @throws IllegalArgumentException if it is not a package name
     */
    public static String normalize(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is not a package name");
        }
        return SEPARATORS.matcher(name).replaceAll("-").toLowerCase(Locale.ROOT);
    }

    @Override
    public int compareTo(PackageId other) {
        int byName = name.compareTo(other.name);
        return byName != 0 ? byName : version.compareTo(other.version);
    }

    /** {@code name==version}, which {@link #parse} reads back. */
    @Override
    public String toString() {
        return name + "==" + version;
    }
}
