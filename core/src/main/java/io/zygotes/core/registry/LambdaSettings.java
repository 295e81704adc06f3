package io.zygotes.core.registry;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What {@code ol.yaml} of a lambda says, on top of what the worker says.
 *
 * @param environment environment variables for the lambda
 * @param limits what a leaf may use
 * @param network what it sees of the network
 * @param rules what it reaches there
 * @param zygote from which zygotes its leaves are forked
 */
record LambdaSettings(
        Map<String, String> environment, Limits limits, Network network, NetworkRules rules, ZygoteUse zygote) {

    static final String FILE = "ol.yaml";
    private static final List<String> NETWORK_KEYS = List.of("allow", "deny");
    private static final List<String> ZYGOTE_KEYS = List.of("eager", "event");
    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,9}");

    /** What holds for a lambda that says nothing. */
    static LambdaSettings of(Limits limits, NetworkSetting network) {
        return new LambdaSettings(Map.of(), limits, network.network(), network.rules(), ZygoteUse.PACKAGES);
    }

    LambdaSettings {
        environment = Map.copyOf(environment);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(network);
        Objects.requireNonNull(rules);
        Objects.requireNonNull(zygote);
    }

    /**
     * Reads the file. Keys of OpenLambda that mean nothing here, such as triggers, are passed over. Values are the
     * texts that stand in the file: {@code 1.10} and {@code yes} stay what they are.
     *
     * @param text the file
     * @param worker what holds where the file says nothing
     * @param network what the worker allows in the network
     * @param maxMemMb the most memory that a lambda may ask for
     * @throws IllegalArgumentException naming line, column and key, if a value is wrong
     */
    static LambdaSettings parse(String text, LambdaSettings worker, NetworkSetting network, int maxMemMb) {
        Optional<YamlMapping> file = YamlMapping.parse(FILE, text);
        if (file.isEmpty()) {
            return worker;
        }
        YamlMapping root = file.get();
        Optional<NetworkSetting> own = network(root);
        return new LambdaSettings(
                environment(root, worker.environment()),
                limits(root, worker.limits(), maxMemMb),
                own.map(NetworkSetting::network).orElse(worker.network()),
                own.isPresent() ? within(root, own.get(), network) : worker.rules(),
                zygote(root, worker.zygote()));
    }

    private static Map<String, String> environment(YamlMapping root, Map<String, String> worker) {
        Map<String, String> all = new TreeMap<>(worker);
        if (!root.has("environment")) {
            return all;
        }
        YamlMapping section = root.section("environment");
        for (String name : section.keys()) {
            if (!VARIABLE.matcher(name).matches()) {
                throw section.faultOfKey(
                        name, "environment: '" + ErrorText.shortened(name) + "' is not a name of a variable");
            }
            String value = section.text(name);
            if (value.indexOf('\0') >= 0) {
                throw section.fault(name, "environment: " + name + " holds the character 0, which no variable can");
            }
            try {
                AtStart.require(name);
            } catch (IllegalArgumentException e) {
                throw section.faultOfKey(name, e.getMessage());
            }
            all.put(name, value);
        }
        return all;
    }

    private static Limits limits(YamlMapping root, Limits worker, int maxMemMb) {
        if (!root.has("limits")) {
            return worker;
        }
        YamlMapping section = root.section("limits");
        Map<String, Integer> known = new TreeMap<>(Map.of(
                "mem_mb", worker.memMb(),
                "procs", worker.procs(),
                "cpu_percent", worker.cpuPercent(),
                "swappiness", worker.swappiness(),
                "runtime_sec", worker.runtimeSec(),
                "open_files", worker.openFiles(),
                "tmp_mb", worker.tmpMb()));
        for (String key : section.keys()) {
            if (!known.containsKey(key)) {
                throw section.faultOfKey(
                        key,
                        "limits: '" + ErrorText.shortened(key) + "' is no limit; there are "
                                + String.join(", ", known.keySet()));
            }
            if (section.has(key)) {
                known.put(key, number(section, key));
            }
        }
        if (known.get("mem_mb") > maxMemMb) {
            throw section.fault(
                    "mem_mb",
                    "limits: mem_mb is " + known.get("mem_mb") + ", it must be at most " + maxMemMb
                            + ", half of the worker's mem_pool_mb");
        }
        try {
            return new Limits(
                    known.get("mem_mb"),
                    known.get("procs"),
                    known.get("cpu_percent"),
                    known.get("swappiness"),
                    known.get("runtime_sec"),
                    known.get("open_files"),
                    known.get("tmp_mb"));
        } catch (IllegalArgumentException e) {
            throw root.fault("limits", "limits: " + e.getMessage());
        }
    }

    /** Digits as people write them: YAML 1.1 takes a leading 0 for octal. */
    private static int number(YamlMapping section, String key) {
        String text = section.text(key);
        if (!NUMBER.matcher(text).matches() || Math.abs(Long.parseLong(text)) > Integer.MAX_VALUE) {
            throw section.fault(
                    key,
                    "limits: " + key + " must be a whole number without leading zeros, not '"
                            + ErrorText.shortened(text) + "'");
        }
        return Integer.parseInt(text);
    }

    /** A lambda may give up what it reaches, but not take what the operator gives to nobody. */
    private static NetworkRules within(YamlMapping root, NetworkSetting own, NetworkSetting worker) {
        try {
            return own.within(worker);
        } catch (IllegalArgumentException e) {
            throw root.fault("network", e.getMessage());
        }
    }

    private static Optional<NetworkSetting> network(YamlMapping root) {
        if (!root.has("network")) {
            return Optional.empty();
        }
        if (!root.isText("network")) {
            return Optional.of(lists(root, root.section("network")));
        }
        String text = root.text("network");
        return switch (text.toLowerCase(Locale.ROOT)) {
            case NetworkSetting.INTERNET_WORD -> Optional.of(NetworkSetting.INTERNET);
            case NetworkSetting.HOST_WORD -> Optional.of(NetworkSetting.HOST);
            case NetworkSetting.NONE_WORD -> Optional.of(NetworkSetting.NONE);
            default ->
                throw root.fault(
                        "network",
                        "network is '" + ErrorText.shortened(text)
                                + "', it must be internet, host, none, or a mapping with allow and deny");
        };
    }

    private static NetworkSetting lists(YamlMapping root, YamlMapping section) {
        for (String key : section.keys()) {
            if (!NETWORK_KEYS.contains(key)) {
                throw section.faultOfKey(
                        key,
                        "network: '" + ErrorText.shortened(key) + "' is no key; there are "
                                + String.join(", ", NETWORK_KEYS));
            }
        }
        Optional<List<String>> allow = section.has("allow") ? Optional.of(section.texts("allow")) : Optional.empty();
        List<String> deny = section.has("deny") ? section.texts("deny") : List.of();
        try {
            NetworkSetting setting = NetworkSetting.ofLists(allow, deny);
            if (setting.namesIndexes()) {
                throw new IllegalArgumentException("'indexes' is known in installer_network of config.json only");
            }
            return setting;
        } catch (IllegalArgumentException e) {
            throw root.fault("network", "network: " + e.getMessage());
        }
    }

    private static ZygoteUse zygote(YamlMapping root, ZygoteUse worker) {
        if (!root.has("zygote")) {
            return worker;
        }
        if (!root.isText("zygote")) {
            return ownZygote(root.section("zygote"));
        }
        String text = root.text("zygote");
        return switch (text) {
            case "true" -> new ZygoteUse.Own(false, Optional.empty(), Optional.empty());
            case "false" -> new ZygoteUse.None();
            default ->
                throw root.fault(
                        "zygote",
                        "zygote is '" + ErrorText.shortened(text)
                                + "', it must be true, false, or a mapping with event and eager");
        };
    }

    private static ZygoteUse ownZygote(YamlMapping section) {
        for (String key : section.keys()) {
            if (!ZYGOTE_KEYS.contains(key)) {
                throw section.faultOfKey(
                        key,
                        "zygote: '" + ErrorText.shortened(key) + "' is no key; there are "
                                + String.join(", ", ZYGOTE_KEYS));
            }
        }
        boolean eager = section.has("eager") && isTrue(section, "eager");
        if (!section.has("event")) {
            return new ZygoteUse.Own(eager, Optional.empty(), Optional.empty());
        }
        try {
            return new ZygoteUse.Own(eager, Optional.of(section.json("event")), Optional.empty());
        } catch (IllegalArgumentException e) {
            // The lambda can be served without.
            return new ZygoteUse.Own(
                    eager,
                    Optional.empty(),
                    Optional.of("the event for its zygote in " + FILE + " is no JSON: " + e.getMessage()));
        }
    }

    private static boolean isTrue(YamlMapping section, String key) {
        String text = section.text(key);
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw section.fault(
                        key, "zygote: " + key + " is '" + ErrorText.shortened(text) + "', it must be true or false");
        };
    }
}
