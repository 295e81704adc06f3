package io.zygotes.core;

import com.google.inject.AbstractModule;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.guard.GuardedProvider;
import io.zygotes.core.python.Interpreter;
import io.zygotes.core.wiring.AwsModule;
import io.zygotes.core.wiring.HttpModule;
import io.zygotes.core.wiring.LambdaModule;
import io.zygotes.core.wiring.LogModule;
import io.zygotes.core.wiring.PackageModule;
import io.zygotes.core.wiring.SandboxModule;
import io.zygotes.core.wiring.StatusModule;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.util.Objects;

/** Wires a {@link Worker} for one worker directory, one module for each concern. Making it starts nothing. */
public final class CoreModule extends AbstractModule {

    private final WorkerDirectory directory;
    private final WorkerConfig config;
    private final Interpreter python;
    private final ImportCacheProvider caches;
    private final SandboxMechanismProvider mechanisms;

    /**
     * @param directory the worker directory
     * @param config its settings
     * @param caches the import cache that {@code features.import_cache} names
     * @param mechanisms the mechanism that {@code sandbox} names
     */
    public CoreModule(
            WorkerDirectory directory,
            WorkerConfig config,
            ImportCacheProvider caches,
            SandboxMechanismProvider mechanisms) {
        this.directory = Objects.requireNonNull(directory);
        this.config = Objects.requireNonNull(config);
        python = new Interpreter(config.python());
        this.caches = GuardedProvider.around(caches);
        this.mechanisms = Objects.requireNonNull(mechanisms);
    }

    /**
     * Begins to ask the interpreter what it is, which a start waits for: the answer may take as long as the wiring. May
     * be left out.
     */
    public void askPython() {
        python.ask();
    }

    @Override
    protected void configure() {
        bind(WorkerDirectory.class).toInstance(directory);
        bind(WorkerConfig.class).toInstance(config);
        bind(Interpreter.class).toInstance(python);
        bind(ImportCacheProvider.class).toInstance(caches);
        bind(SandboxMechanismProvider.class).toInstance(mechanisms);

        install(new LambdaModule());
        install(new PackageModule());
        install(new ImportCacheModule());
        install(new SandboxModule());
        install(new LogModule());
        install(new StatusModule());
        install(new HttpModule());
        install(new AwsModule());

        bind(Worker.class).in(Singleton.class);
    }
}
