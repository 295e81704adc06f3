package io.zygotes.spi;

import java.util.Set;

/**
 * Makes import caches of one kind. Found with {@link java.util.ServiceLoader}: a plugin's module says
 * {@code provides io.zygotes.spi.ImportCacheProvider with …}. Needs a public constructor without parameters (or a
 * static {@code provider()} method), which must do nothing that can fail.
 */
@Stability(Stability.Level.STABLE)
public interface ImportCacheProvider {

    /**
     * The name in {@code features.import_cache}: lower-case letters, digits and {@code -}, starting with a letter.
     * The empty name belongs to the strategy without zygotes.
     */
    String name();

    /** Other names that mean the same; none by default. */
    default Set<String> aliases() {
        return Set.of();
    }

    /** The plugin's own version, for people. */
    String version();

    /**
     * The SPI revision that the plugin was built for. Write {@code return SpiVersion.CURRENT;}: the compiler copies
     * the constant into the plugin.
     */
    String spiVersion();

    /** One sentence on what the strategy does, for {@code zygotes plugins}. */
    String description();

    /**
     * Makes a cache. Called once for a worker's start, on one thread. Must not make sandboxes yet: zygotes are made
     * when they are needed.
     *
     * @throws ConfigException if an option is wrong; the worker then does not start
     */
    ImportCache create(ImportCacheContext context) throws ConfigException;
}
