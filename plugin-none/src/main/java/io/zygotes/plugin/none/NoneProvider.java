package io.zygotes.plugin.none;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.SpiVersion;
import java.util.Set;

/** The strategy with the empty name, also called {@code none}. */
public final class NoneProvider implements ImportCacheProvider {

    /** For {@link java.util.ServiceLoader}. */
    public NoneProvider() {}

    @Override
    public String name() {
        return "";
    }

    @Override
    public Set<String> aliases() {
        return Set.of("none");
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
        return "No zygotes: every leaf is a fresh Python process that imports everything itself.";
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        context.options().finish();
        return new NoCache();
    }
}
