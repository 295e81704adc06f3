package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.protocol.ImportTraces;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Why a lambda must not be forked from a zygote although it asked for all of its packages. */
public final class Misfit {

    /** Variables that the interpreter or the C library reads when a program starts. */
    private static final List<String> AT_START = List.of("LANG", "LC_", "MALLOC_", "GLIBC_TUNABLES", "PYTHON");
    /** Of those, what is looked at when it is needed. */
    private static final Set<String> LATER =
            Set.of("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONBREAKPOINT", "PYTHONSTARTUP");
    /** Variables that libraries in C read when they are loaded, which nobody sees. */
    private static final List<String> OF_LIBRARIES = List.of(
            "BLIS_",
            "CUDA_",
            "GDAL_",
            "GOTO_",
            "GRPC_",
            "JAX_",
            "KMP_",
            "MKL_",
            "NUMEXPR_",
            "OMP_",
            "OPENBLAS_",
            "OPENSSL_",
            "POLARS_",
            "PROJ_",
            "RAYON_",
            "SSL_",
            "TF_",
            "TORCH_",
            "XLA_");
    /** What zygotes have while they import: zygote.py. */
    private static final Map<String, String> OF_ZYGOTES = Map.of("OPENBLAS_NUM_THREADS", "1", "OMP_NUM_THREADS", "1");

    /**
     * Settings that packages look for in the working folder while they are imported, each with the modules that do. A
     * zygote imports where lambdas do, in {@code /handler}, which is empty there.
     */
    private static final Map<String, Set<String>> SETTINGS = Map.of(
            "matplotlibrc", Set.of("matplotlib"),
            ".numba_config.yaml", Set.of("numba"),
            "ansible.cfg", Set.of("ansible"),
            "client.cfg", Set.of("luigi"),
            "luigi.cfg", Set.of("luigi"),
            "luigi.toml", Set.of("luigi"),
            "prefect.toml", Set.of("prefect"),
            ".env", Set.of("chainlit", "prefect"));

    private Misfit() {}

    /**
     * As {@link io.zygotes.spi.mechanism.SandboxMechanism#misfit}.
     *
     * @param installed what is known of a package
     */
    public static Optional<String> of(
            SockZygote zygote, LeafSpec spec, Function<PackageId, Optional<PackageInfo>> installed) {
        boolean hasImports =
                !zygote.packages().isEmpty() || !zygote.traces().preloaded().isEmpty();
        return of(zygote.traces(), hasImports, spec, installed);
    }

    /**
     * Why a lambda does not fit.
     *
     * @param traces what imports of the zygote left
     * @param hasImports whether the zygote has imported any package, or modules of the standard library ahead of them
     * @param installed what is known of a package
     */
    static Optional<String> of(
            ImportTraces traces,
            boolean hasImports,
            LeafSpec spec,
            Function<PackageId, Optional<PackageInfo>> installed) {
        LambdaTraits traits = LambdaTraits.of(spec);
        if (hasImports && traits.patch().isPresent()) {
            return traits.patch();
        }
        for (String module : traits.modules()) {
            if (traces.has(module)) {
                return Optional.of("its own module " + module + " wins against the one that the zygote has imported");
            }
        }
        for (String module : traits.below()) {
            if (traces.has(module)) {
                return Optional.of(
                        "it may find its own module " + module + " before the one that the zygote has imported");
            }
        }
        Optional<String> missed = missed(traits, traces)
                .or(() -> settings(traits, traces))
                .or(() -> missed(traces, spec.packages(), installed));
        if (missed.isPresent()) {
            return missed;
        }
        for (Map.Entry<String, String> variable : spec.environment().entrySet()) {
            if (counts(variable.getKey(), traces, hasImports)
                    && !variable.getValue().equals(valueInZygote(variable.getKey()))) {
                return Optional.of(variable.getKey() + " of its environment counts before packages are imported");
            }
        }
        for (String name : traits.variables()) {
            if (counts(name, traces, hasImports)) {
                return Optional.of("its code sets " + name + ", which counts before packages are imported");
            }
        }
        return Optional.empty();
    }

    /** An own module that packages looked for in vain. */
    private static Optional<String> missed(LambdaTraits traits, ImportTraces traces) {
        return traits.modules().stream()
                .filter(traces.missed()::contains)
                .sorted()
                .findFirst()
                .map(module -> "packages of the zygote looked for a module " + module + ", which its code has");
    }

    /** A file of its own that packages would have read. */
    private static Optional<String> settings(LambdaTraits traits, ImportTraces traces) {
        return traits.files().stream()
                .filter(file -> SETTINGS.getOrDefault(file, Set.of()).stream().anyMatch(traces::has))
                .sorted()
                .findFirst()
                .map(file -> "its own file " + file
                        + " holds settings that the zygote's packages look for when they are" + " imported");
    }

    /**
     * Packages do without another one that is not there when they are imported, and do not look again: BeautifulSoup
     * without lxml, pandas without pyarrow. A lambda that has it, or another zygote, would find them so.
     *
     * @param traces what imports of the zygote left
     * @param packages of what would be forked from it
     * @param installed what is known of a package
     */
    public static Optional<String> missed(
            ImportTraces traces, Collection<PackageId> packages, Function<PackageId, Optional<PackageInfo>> installed) {
        if (traces.missed().isEmpty()) {
            return Optional.empty();
        }
        return packages.stream()
                .filter(id -> installed
                        .apply(id)
                        .filter(info -> info.modules().stream().anyMatch(traces.missed()::contains))
                        .isPresent())
                .sorted()
                .findFirst()
                .map(id ->
                        "packages of the zygote looked for " + id.name() + ", which it has, when they were imported");
    }

    private static boolean counts(String name, ImportTraces traces, boolean hasImports) {
        return AT_START.stream().anyMatch(name::startsWith) && !LATER.contains(name)
                || traces.asked().contains(name)
                || traces.asked().contains(Protocol.READ_ALL) && isNamedAfterModule(name, traces)
                || traces.changed().contains(name)
                || hasImports && OF_LIBRARIES.stream().anyMatch(name::startsWith);
    }

    /** Who looks at all variables looks for its own, as tqdm does for {@code TQDM_…}. */
    private static boolean isNamedAfterModule(String name, ImportTraces traces) {
        String lower = name.toLowerCase(Locale.ROOT);
        return traces.imported().stream().anyMatch(module -> lower.startsWith(module.toLowerCase(Locale.ROOT)));
    }

    private static String valueInZygote(String name) {
        String value = OF_ZYGOTES.get(name);
        return value != null ? value : SandboxEnvironment.with(Map.of()).get(name);
    }
}
