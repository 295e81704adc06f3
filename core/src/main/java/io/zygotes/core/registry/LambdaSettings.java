package io.zygotes.core.registry;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What {@code ol.yaml} of a lambda says, on top of what the worker says.
 *
 * @param environment environment variables for the lambda
 * @param limits what a leaf may use
 * @param network what it sees of the network
 * @param rules what it reaches there
 * @param zygote from which zygotes its leaves are forked
 * @param serving how its calls are taken
 * @param handler its function, as {@code module.function}; empty for the one that its files say
 */
record LambdaSettings(
        Map<String, String> environment,
        Limits limits,
        Network network,
        NetworkRules rules,
        ZygoteUse zygote,
        Serving serving,
        Optional<String> handler) {

    /** The file's name. */
    static final String FILE = "ol.yaml";

    /** What holds for a lambda that says nothing. */
    static LambdaSettings of(Limits limits, NetworkSetting network) {
        return new LambdaSettings(
                Map.of(),
                limits,
                network.network(),
                network.rules(),
                ZygoteUse.PACKAGES,
                Serving.DEFAULT,
                Optional.empty());
    }

    LambdaSettings {
        environment = Map.copyOf(environment);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(network);
        Objects.requireNonNull(rules);
        Objects.requireNonNull(zygote);
        Objects.requireNonNull(serving);
        Objects.requireNonNull(handler);
    }

    /**
     * Reads the file. Values are the texts that stand in the file: {@code 1.10} and {@code yes} stay what they are.
     *
     * @param text the file
     * @param worker what holds where the file says nothing
     * @param network what the worker allows in the network
     * @param maxMemMb the most memory that a lambda may ask for
     * @throws IllegalArgumentException naming line, column and key of all that is wrong
     */
    static LambdaSettings parse(String text, LambdaSettings worker, NetworkSetting network, int maxMemMb) {
        return YamlMapping.parse(FILE, text)
                .map(root -> new SettingsReader(root, worker, network, maxMemMb).read())
                .orElse(worker);
    }

    /** The same with more environment variables; those that are there count more. */
    LambdaSettings with(Map<String, String> variables) {
        Map<String, String> all = new TreeMap<>(variables);
        all.putAll(environment);
        return only(all);
    }

    /** The same with these environment variables. */
    LambdaSettings only(Map<String, String> variables) {
        return new LambdaSettings(variables, limits, network, rules, zygote, serving, handler);
    }
}
