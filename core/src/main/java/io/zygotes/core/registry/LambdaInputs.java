package io.zygotes.core.registry;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Reads what a lambda's folder says beside its code: settings, environment and packages. Safe for use by many threads.
 */
final class LambdaInputs {

    /** The machine that files are read for where only their form matters: another one may need other packages. */
    static final Map<String, String> ANY_MACHINE = Map.ofEntries(
            Map.entry("python_version", "3.13"),
            Map.entry("python_full_version", "3.13.1"),
            Map.entry("implementation_version", "3.13.1"),
            Map.entry("implementation_name", "cpython"),
            Map.entry("platform_python_implementation", "CPython"),
            Map.entry("sys_platform", "linux"),
            Map.entry("platform_system", "Linux"),
            Map.entry("platform_machine", "x86_64"),
            Map.entry("platform_release", ""),
            Map.entry("platform_version", ""),
            Map.entry("os_name", "posix"));

    /** Finds what no worker takes. */
    static final LambdaInputs OF_ANY_WORKER = new LambdaInputs(
            new Limits(1, 1, 1, 0, 1, 16, 1), NetworkSetting.HOST, Integer.MAX_VALUE, () -> ANY_MACHINE);

    private final LambdaSettings defaults;
    private final NetworkSetting network;
    private final int maxMemMb;
    private final Supplier<Map<String, String>> markers;

    /**
     * @param limits those of a lambda that says nothing
     * @param network what a lambda reaches that says nothing, and the most that one may ask for
     * @param maxMemMb the most memory that a lambda may ask for, in MiB
     * @param markers values of the environment markers of packages
     */
    LambdaInputs(Limits limits, NetworkSetting network, int maxMemMb, Supplier<Map<String, String>> markers) {
        this.defaults = LambdaSettings.of(limits, network);
        this.network = network;
        this.maxMemMb = maxMemMb;
        this.markers = markers;
    }

    /**
     * What was read.
     *
     * @param settings its environment is all that the lambda gets
     * @param pins the packages, each with the hashes of the archives that it may be installed from
     */
    record Read(LambdaSettings settings, Map<PackageId, Set<String>> pins) {}

    /**
     * Reads the files.
     *
     * @param lambda its name
     * @param content the folder with its files
     * @throws RegistryException with all that is wrong with any of them
     * @throws IOException if one cannot be read
     */
    Read read(String lambda, Path content) throws RegistryException, IOException {
        Faults faults = new Faults();
        LambdaText texts = new LambdaText(content, faults);
        String settingsText = texts.of(LambdaSettings.FILE);
        String variablesText = texts.of(DotEnv.FILE);
        LambdaSettings settings =
                faults.of(() -> LambdaSettings.parse(settingsText, defaults, network, maxMemMb), defaults);
        Map<String, String> known = settings.environment();
        LambdaSettings all = settings.with(faults.of(() -> DotEnv.parse(variablesText, known), Map.of()));
        Map<PackageId, Set<String>> pins = pins(texts, faults);
        Map<String, String> own = new TreeMap<>(all.environment());
        all.handler().ifPresent(handler -> own.put(EntryPoint.HANDLER, handler));
        Map<String, String> environment =
                faults.of(() -> EntryPoint.environment(lambda, content, own, all.limits(), !pins.isEmpty()), Map.of());
        try {
            faults.end();
        } catch (IllegalArgumentException e) {
            throw new RegistryException(Kind.BROKEN, "lambda " + lambda + ": " + e.getMessage(), e);
        }
        return new Read(all.only(environment), pins);
    }

    private Map<PackageId, Set<String>> pins(LambdaText texts, Faults faults) throws IOException {
        Map<String, String> values = markers.get();
        try {
            return PackageFiles.read(texts, new PackageFiles.Machine(values, values != ANY_MACHINE));
        } catch (IllegalArgumentException e) {
            faults.add(e);
            return Map.of();
        }
    }
}
