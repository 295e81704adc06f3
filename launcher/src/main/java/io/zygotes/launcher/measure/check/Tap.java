package io.zygotes.launcher.measure.check;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Packages;
import java.util.Set;

/** Hands an import cache what a worker gives it, and keeps hold of the packages. */
final class Tap implements ImportCacheProvider {

    private final ImportCacheProvider tapped;
    private volatile Packages packages;

    Tap(ImportCacheProvider tapped) {
        this.tapped = tapped;
    }

    @Override
    public String name() {
        return tapped.name();
    }

    @Override
    public Set<String> aliases() {
        return tapped.aliases();
    }

    @Override
    public String version() {
        return tapped.version();
    }

    @Override
    public String spiVersion() {
        return tapped.spiVersion();
    }

    @Override
    public String description() {
        return tapped.description();
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        packages = context.packages();
        return tapped.create(context);
    }

    /** The packages of the worker; null before it started. */
    Packages packages() {
        return packages;
    }
}
