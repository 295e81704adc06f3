package io.zygotes.core.fake;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.SpiVersion;
import java.util.Set;

/**
 * A provider of import caches.
 *
 * @param name its name
 * @param aliases its other names
 * @param making makes a cache
 */
public record FakeCaches(String name, Set<String> aliases, Making making) implements ImportCacheProvider {

    /** Makes a cache. */
    @FunctionalInterface
    public interface Making {
        /** As {@link ImportCacheProvider#create}. */
        ImportCache make(ImportCacheContext context) throws ConfigException;
    }

    /** One without other names. */
    public FakeCaches(String name, Making making) {
        this(name, Set.of(), making);
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public String spiVersion() {
        return SpiVersion.CURRENT;
    }

    @Override
    public String description() {
        return "for tests";
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        return making.make(context);
    }
}
