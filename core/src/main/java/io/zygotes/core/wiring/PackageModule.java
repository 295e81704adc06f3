package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.packages.InstallNetwork;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.packages.WheelCache;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.HostPython;
import io.zygotes.core.python.InstallerChoice;
import io.zygotes.core.python.Interpreter;
import java.util.TreeMap;

/** Wires the packages that pip of the host's Python installs. */
public final class PackageModule extends AbstractModule {

    @Provides
    @Singleton
    PackageStore packages(WorkerConfig config, Interpreter python, SandboxPool pool) {
        return new PackageStore(
                config.packagesFolder(),
                () -> python.host().cacheTag(),
                config.installerLimits(),
                () -> HostPip.probe(
                        config.python(), config.pipMirror(), InstallerChoice.of(config.installer()), System.getenv()),
                new InstallNetwork(
                        config.installerNetwork(),
                        () -> pool.cannotRuleNetwork().isEmpty()),
                pool::run,
                new WheelCache(
                        config.wheelFolder(),
                        () -> python.host().cacheTag(),
                        () -> surroundings(python.host()) + "\n" + config.baseFolder()),
                config.trace().packages());
    }

    /** What says which wheels fit, and what they need. */
    private static String surroundings(HostPython host) {
        return host.executable() + "\n" + host.version() + "\n" + new TreeMap<>(host.markers());
    }
}
