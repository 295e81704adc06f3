package io.zygotes.launcher.plugins;

import io.zygotes.spi.ImportCacheProvider;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * An import cache that can be used.
 *
 * @param name its name
 * @param aliases its other names
 * @param version its own version
 * @param spiVersion the SPI revision that it was built for
 * @param description what it does, one sentence
 * @param module its module's name
 * @param origin where it comes from: {@code image}, or the path of its jar or folder
 * @param warnings what is odd about it though it works
 * @param provider makes it
 */
public record Plugin(
        String name,
        SortedSet<String> aliases,
        String version,
        String spiVersion,
        String description,
        String module,
        String origin,
        List<String> warnings,
        ImportCacheProvider provider) {

    /** The {@code origin} of what the image itself packages. */
    public static final String IMAGE = "image";

    /** Copies the collections. */
    public Plugin {
        Objects.requireNonNull(name, "name() returns null");
        aliases = Collections.unmodifiableSortedSet(new TreeSet<>(aliases));
        Objects.requireNonNull(version, "version() returns null");
        Objects.requireNonNull(spiVersion);
        Objects.requireNonNull(description, "description() returns null");
        Objects.requireNonNull(module);
        Objects.requireNonNull(origin);
        warnings = List.copyOf(warnings);
        Objects.requireNonNull(provider);
    }

    /** The same with further warnings. */
    Plugin warned(List<String> more) {
        List<String> all = new ArrayList<>(warnings);
        all.addAll(more);
        return new Plugin(name, aliases, version, spiVersion, description, module, origin, all, provider);
    }

    /** {@code name} and {@code aliases}. */
    public SortedSet<String> names() {
        TreeSet<String> names = new TreeSet<>(aliases);
        names.add(name);
        return names;
    }

    /** Whether it is one of the image's own modules, and was not dropped in. */
    public boolean builtIn() {
        return origin.equals(IMAGE);
    }
}
