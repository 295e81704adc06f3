package com.example.zygotes.recent;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.SpiVersion;

/** The strategy {@code recent}. Public, because {@link java.util.ServiceLoader} makes it; nothing else is. */
public final class RecentProvider implements ImportCacheProvider {

    /** For {@link java.util.ServiceLoader}. Does nothing, so it cannot fail. */
    public RecentProvider() {}

    @Override
    public String name() {
        return "recent";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String spiVersion() {
        return SpiVersion.CURRENT;
    }

    @Override
    public String description() {
        return "A zygote for each recently used set of packages; the unused ones go.";
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        return new RecentCache(RecentOptions.read(context.options()), context, System::nanoTime);
    }
}
