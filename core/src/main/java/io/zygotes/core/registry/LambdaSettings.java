package io.zygotes.core.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.regex.Pattern;

/**
 * What {@code ol.yaml} of a lambda says, on top of what the worker says.
 *
 * @param environment environment variables for the lambda
 * @param limits what a leaf may use
 * @param network what it sees of the network
 * @param zygote whether its leaves may be forked from zygotes that imported packages; if not, it imports all of them
 *     itself
 */
record LambdaSettings(Map<String, String> environment, Limits limits, Network network, boolean zygote) {

    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /** Settings of a lambda whose leaves may be forked from zygotes. */
    LambdaSettings(Map<String, String> environment, Limits limits, Network network) {
        this(environment, limits, network, true);
    }

    LambdaSettings {
        environment = Map.copyOf(environment);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(network);
    }

    /**
     * Reads the file. Keys of OpenLambda that mean nothing here, such as triggers, are passed over.
     *
     * @param text the file
     * @param worker what holds where the file says nothing
     * @param maxMemMb the most memory that a lambda may ask for
     * @throws IllegalArgumentException naming the key, if a value is wrong
     */
    static LambdaSettings parse(String text, LambdaSettings worker, int maxMemMb) {
        JsonNode root;
        try {
            root = YAML.readTree(text);
        } catch (JsonProcessingException e) {
            String where =
                    e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
            throw new IllegalArgumentException("ol.yaml" + where + " is not YAML: " + e.getOriginalMessage(), e);
        }
        if (root.isMissingNode() || root.isNull()) {
            return worker;
        }
        if (!root.isObject()) {
            throw new IllegalArgumentException("ol.yaml must be a mapping of keys, not " + root);
        }
        try {
            return new LambdaSettings(
                    environment(root.path("environment"), WrittenValues.of(text, "environment"), worker.environment()),
                    limits(root.path("limits"), worker.limits(), maxMemMb),
                    network(root.path("network"), worker.network()),
                    zygote(root.path("zygote"), worker.zygote()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("ol.yaml: " + e.getMessage(), e);
        }
    }

    /** What stands in the file arrives: {@code 012345670123} is no octal number there, and {@code 3.10} not 3.1. */
    private static Map<String, String> environment(
            JsonNode node, Map<String, String> written, Map<String, String> worker) {
        Map<String, String> all = new TreeMap<>(worker);
        if (absent(node)) {
            return all;
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException("environment must be a mapping of names to texts");
        }
        for (Map.Entry<String, JsonNode> variable : node.properties()) {
            if (!VARIABLE.matcher(variable.getKey()).matches()) {
                throw new IllegalArgumentException(
                        "environment: '" + variable.getKey() + "' is not a name of a variable");
            }
            String value = variable.getValue().isNull()
                    ? ""
                    : written.getOrDefault(
                            variable.getKey(), variable.getValue().asText());
            if (!variable.getValue().isValueNode() || value.indexOf('\0') >= 0) {
                throw new IllegalArgumentException("environment: " + variable.getKey() + " must be a text");
            }
            AtStart.require(variable.getKey());
            all.put(variable.getKey(), value);
        }
        return all;
    }

    private static Limits limits(JsonNode node, Limits worker, int maxMemMb) {
        if (absent(node)) {
            return worker;
        }
        Map<String, Integer> known = new TreeMap<>(Map.of(
                "mem_mb", worker.memMb(),
                "procs", worker.procs(),
                "cpu_percent", worker.cpuPercent(),
                "swappiness", worker.swappiness(),
                "runtime_sec", worker.runtimeSec(),
                "open_files", worker.openFiles(),
                "tmp_mb", worker.tmpMb()));
        for (Map.Entry<String, JsonNode> limit : node.properties()) {
            if (!known.containsKey(limit.getKey())) {
                throw new IllegalArgumentException(
                        "limits: '" + limit.getKey() + "' is no limit; there are " + String.join(", ", known.keySet()));
            }
            if (!limit.getValue().canConvertToInt() || !limit.getValue().isIntegralNumber()) {
                throw new IllegalArgumentException(
                        "limits: " + limit.getKey() + " must be a whole number, not " + limit.getValue());
            }
        }
        BiFunction<String, Integer, Integer> value =
                (key, fallback) -> node.path(key).asInt(fallback);
        known.replaceAll(value);
        if (known.get("mem_mb") > maxMemMb) {
            throw new IllegalArgumentException("limits: mem_mb is " + known.get("mem_mb") + ", it must be at most "
                    + maxMemMb + ", half of the worker's mem_pool_mb");
        }
        return new Limits(
                known.get("mem_mb"),
                known.get("procs"),
                known.get("cpu_percent"),
                known.get("swappiness"),
                known.get("runtime_sec"),
                known.get("open_files"),
                known.get("tmp_mb"));
    }

    /** A lambda may give up the network, but not take what the operator gives to nobody. */
    private static Network network(JsonNode node, Network worker) {
        if (absent(node)) {
            return worker;
        }
        Network wanted = switch (node.asText().toLowerCase(Locale.ROOT)) {
            case "host" -> Network.HOST;
            case "none" -> Network.NONE;
            default ->
                throw new IllegalArgumentException("network is '" + node.asText() + "', it must be host or none");
        };
        if (wanted == Network.HOST && worker == Network.NONE) {
            throw new IllegalArgumentException(
                    "network is 'host', but this worker gives no lambda the network (network in config.json)");
        }
        return wanted;
    }

    private static boolean zygote(JsonNode node, boolean worker) {
        if (absent(node)) {
            return worker;
        }
        if (!node.isBoolean()) {
            throw new IllegalArgumentException("zygote is " + node + ", it must be true or false");
        }
        return node.asBoolean();
    }

    private static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }
}
