package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.Interpreter;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import io.zygotes.spi.mechanism.NetworkPlan;
import java.time.Duration;

/** Wires the pool of sandboxes, and what the mechanism is given when it starts. */
public final class SandboxModule extends AbstractModule {

    /** How long a leaf is idle before it is frozen: longer than the pause between two requests of a busy client. */
    private static final Duration GRACE = Duration.ofMillis(5);

    @Provides
    @Singleton
    SandboxPool pool(WorkerConfig config) {
        return new SandboxPool(
                (long) config.memPoolMb() << 20,
                config.features().downsizePausedMem(),
                GRACE,
                Duration.ofSeconds(config.installerLimits().runtimeSec()),
                config.spareLeaves());
    }

    /** Once the interpreter was probed. */
    @Provides
    MechanismContext mechanism(
            WorkerConfig config, Interpreter python, PackageStore packages, OutputSink output, SandboxPool pool) {
        return new MechanismContext(
                config.stateFolder(),
                // Of the host's the program itself: a version manager's wrapper takes 0.1 s for each start of it.
                config.baseFolder().isEmpty() ? python.host().executable() : config.python(),
                config.baseFolder(),
                config.features().enableSeccomp(),
                config.features().reuseCgroups(),
                packages,
                output,
                pool::onDied,
                plan(config),
                config.mechanismOptions());
    }

    private static NetworkPlan plan(WorkerConfig config) {
        NetworkSetting lambdas = config.network();
        NetworkSetting zygotes = config.networkOfZygotes();
        NetworkSetting installs = config.installerNetwork();
        return new NetworkPlan(
                lambdas.network(),
                lambdas.rules(),
                zygotes.network(),
                zygotes.rules(),
                // Without a kernel for it installs do without rules that nobody asked for.
                installs.word().equals(NetworkSetting.INDEXES_WORD) ? NetworkRules.EVERYTHING : installs.rules());
    }
}
