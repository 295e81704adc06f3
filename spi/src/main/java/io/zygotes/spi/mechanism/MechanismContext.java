package io.zygotes.spi.mechanism;

import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.Stability;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the worker gives a mechanism.
 *
 * @param workerDirectory the worker directory, absolute; the mechanism keeps its state in its folder {@code sandboxes}
 * @param python the interpreter's name or path, such as {@code python3}
 * @param baseFolder {@code sock_base_path}: the root file system for sandboxes; empty means the host's own files
 * @param seccomp {@code features.enable_seccomp}
 * @param reuseCgroups {@code features.reuse_cgroups}
 * @param packages where installed packages are looked up ({@link Packages#installed}); installs are not asked of it
 * @param output gets every line that a sandbox writes to its standard output or error
 * @param events gets {@link SandboxEvent.Kind#DIED} for sandboxes that end by themselves
 * @param network what sandboxes will reach, as far as it is known at the start
 * @param options further settings by name; a mechanism ignores those that it does not know
 */
@Stability(Stability.Level.EVOLVING)
public record MechanismContext(
        Path workerDirectory,
        String python,
        Optional<Path> baseFolder,
        boolean seccomp,
        boolean reuseCgroups,
        Packages packages,
        OutputSink output,
        Consumer<SandboxEvent> events,
        NetworkPlan network,
        Map<String, Object> options) {

    /** Checks for null and copies the map. */
    public MechanismContext {
        Objects.requireNonNull(workerDirectory);
        Objects.requireNonNull(python);
        Objects.requireNonNull(baseFolder);
        Objects.requireNonNull(packages);
        Objects.requireNonNull(output);
        Objects.requireNonNull(events);
        Objects.requireNonNull(network);
        options = Map.copyOf(options);
    }

    /** For sandboxes that reach all of the host's network. */
    public MechanismContext(
            Path workerDirectory,
            String python,
            Optional<Path> baseFolder,
            boolean seccomp,
            boolean reuseCgroups,
            Packages packages,
            OutputSink output,
            Consumer<SandboxEvent> events,
            Map<String, Object> options) {
        this(
                workerDirectory,
                python,
                baseFolder,
                seccomp,
                reuseCgroups,
                packages,
                output,
                events,
                NetworkPlan.HOST,
                options);
    }

    /** Takes lines that sandboxes print. Called by one thread; must not block and must not throw. */
    @FunctionalInterface
    public interface OutputSink {

        /**
         * @param sandbox id of the sandbox
         * @param label the lambda's name, or what the sandbox is for
         * @param line the line without its end, control characters included, at most 8 KiB
         */
        void line(String sandbox, String label, String line);
    }
}
