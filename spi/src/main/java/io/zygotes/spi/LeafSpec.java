package io.zygotes.spi;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a leaf must be: the lambda it serves and all that this lambda asked for.
 *
 * @param lambda name of the lambda
 * @param handler folder on the host with {@code f.py}; read-only in the sandbox as {@code /handler}
 * @param packages every pinned package of the lambda, indirect ones too; all of them installed
 * @param limits what the leaf may use
 * @param network what it sees of the network
 * @param environment environment variables for the lambda; nothing else of the worker's reaches it
 * @param rules what it reaches in the host's network; with {@link Network#NONE} they say nothing
 */
@Stability(Stability.Level.STABLE)
public record LeafSpec(
        String lambda,
        Path handler,
        Set<PackageId> packages,
        Limits limits,
        Network network,
        Map<String, String> environment,
        NetworkRules rules) {

    /** Copies the collections. */
    public LeafSpec {
        Objects.requireNonNull(lambda);
        Objects.requireNonNull(handler);
        packages = Set.copyOf(packages);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(network);
        environment = Map.copyOf(environment);
        Objects.requireNonNull(rules);
    }

    /** A leaf that reaches all of its network. */
    public LeafSpec(
            String lambda,
            Path handler,
            Set<PackageId> packages,
            Limits limits,
            Network network,
            Map<String, String> environment) {
        this(lambda, handler, packages, limits, network, environment, NetworkRules.EVERYTHING);
    }
}
