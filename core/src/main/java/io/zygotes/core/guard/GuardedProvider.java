package io.zygotes.core.guard;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Limits;
import io.zygotes.spi.MemoryBudget;
import io.zygotes.spi.Options;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandboxes;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** A plugin's provider behind the guard: its code runs with its own class loader, and what it makes is guarded, too. */
public final class GuardedProvider implements ImportCacheProvider {

    private final ImportCacheProvider provider;
    private final ClassLoader loader;
    private final String name;
    private final Set<String> aliases;

    private GuardedProvider(ImportCacheProvider provider) {
        this.provider = provider;
        this.loader = provider.getClass().getClassLoader();
        // Asked once: what it is found by must not change meanwhile.
        this.name = Objects.requireNonNull(ContextLoader.with(loader, provider::name), "name() returns null");
        this.aliases = Set.copyOf(ContextLoader.with(loader, provider::aliases));
    }

    /** The provider behind the guard; the same again if it is there already. */
    public static GuardedProvider around(ImportCacheProvider provider) {
        return provider instanceof GuardedProvider guarded ? guarded : new GuardedProvider(provider);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<String> aliases() {
        return aliases;
    }

    @Override
    public String version() {
        return ContextLoader.with(loader, provider::version);
    }

    @Override
    public String spiVersion() {
        return ContextLoader.with(loader, provider::spiVersion);
    }

    @Override
    public String description() {
        return ContextLoader.with(loader, provider::description);
    }

    /**
     * {@inheritDoc} What the provider throws is passed on, whatever it is.
     *
     * @throws NullPointerException if it makes none
     */
    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        GuardedSandboxes sandboxes = new GuardedSandboxes(name, context.sandboxes());
        JdbcDrivers drivers = JdbcDrivers.of(name, provider.getClass());
        ImportCache made = null;
        try {
            made = ContextLoader.with(loader, () -> {
                drivers.register();
                return provider.create(new Context(context, sandboxes));
            });
        } finally {
            if (made == null) {
                drivers.release();
            }
        }
        return new GuardedCache(
                name, Objects.requireNonNull(made, "create() returns null"), loader, sandboxes, drivers::release);
    }

    /** The worker as the cache sees it, with sandboxes that end with the cache. */
    private record Context(ImportCacheContext worker, Sandboxes sandboxes) implements ImportCacheContext {

        @Override
        public Packages packages() {
            return worker.packages();
        }

        @Override
        public MemoryBudget memory() {
            return worker.memory();
        }

        @Override
        public Options options() {
            return worker.options();
        }

        @Override
        public Optional<Object> importCacheTree() {
            return worker.importCacheTree();
        }

        @Override
        public Path workerDirectory() {
            return worker.workerDirectory();
        }

        @Override
        public Optional<Path> stateDirectory() {
            return worker.stateDirectory();
        }

        @Override
        public Limits zygoteLimits() {
            return worker.zygoteLimits();
        }
    }
}
