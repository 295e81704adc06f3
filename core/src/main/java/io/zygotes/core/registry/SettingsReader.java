package io.zygotes.core.registry;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import io.zygotes.spi.NetworkRules;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads an {@code ol.yaml} key by key, and finds all that is wrong with it. Of one thread. */
final class SettingsReader {

    private static final String TRIGGERS = "triggers";
    private static final String ENVIRONMENT = "environment";
    private static final String LIMITS = "limits";
    private static final String RUNTIME = "runtime_sec";
    private static final String REUSE = "reuse-sandbox";
    private static final String CONCURRENCY = "concurrency";
    private static final String HANDLER = "handler";

    private static final List<String> KEYS =
            List.of(TRIGGERS, ENVIRONMENT, REUSE, LIMITS, "network", HANDLER, CONCURRENCY, "zygote");
    /** Keys that OpenLambda had for a time, each with that of today. */
    private static final Map<String, String> FORMER = Map.of("Triggers", TRIGGERS, "Limits", LIMITS);
    /** OpenLambda's {@code limits.runtime_sec} of a former time, which counts if that is not there. */
    private static final String FORMER_RUNTIME = "max_runtime_sec";

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern NUMBER = Pattern.compile("0|-?[1-9][0-9]{0,9}");
    /** As AWS Lambda has it: folders are divided by slashes or dots. */
    private static final Pattern MODULE_AND_FUNCTION =
            Pattern.compile("(?:[A-Za-z0-9_-]+[./])*[A-Za-z0-9_-]+\\.[A-Za-z_][A-Za-z0-9_]*");

    private final YamlMapping root;
    private final LambdaSettings worker;
    private final NetworkSetting network;
    private final int maxMemMb;
    private final Faults faults = new Faults();

    /**
     * @param root the file
     * @param worker what holds where it says nothing
     * @param network what the worker allows in the network
     * @param maxMemMb the most memory that a lambda may ask for, in MiB
     */
    SettingsReader(YamlMapping root, LambdaSettings worker, NetworkSetting network, int maxMemMb) {
        this.root = root;
        this.worker = worker;
        this.network = network;
        this.maxMemMb = maxMemMb;
    }

    /**
     * The settings.
     *
     * @throws IllegalArgumentException with all that is wrong
     */
    LambdaSettings read() {
        checkKeys();
        Optional<NetworkSetting> own = faults.of(() -> NetworkKeys.read(root, faults), Optional.empty());
        NetworkRules rules = own.isPresent()
                ? faults.of(() -> NetworkKeys.within(root, own.get(), network), worker.rules())
                : worker.rules();
        LambdaSettings settings = new LambdaSettings(
                faults.of(this::environment, worker.environment()),
                faults.of(this::limits, worker.limits()),
                own.map(NetworkSetting::network).orElse(worker.network()),
                rules,
                faults.of(() -> ZygoteKeys.read(root, worker.zygote(), faults), worker.zygote()),
                serving(),
                faults.of(this::handler, Optional.empty()));
        faults.end();
        return settings;
    }

    private void checkKeys() {
        Set<String> further = new HashSet<>(FORMER.keySet());
        further.add(FORMER_RUNTIME);
        for (String key : root.keys()) {
            String today = FORMER.get(key);
            if (today != null && root.keys().contains(today)) {
                faults.add(
                        root.faultOfKey(key, "'" + key + "' stands there beside '" + today + "'; remove one of them"));
            }
            if (limits(worker.limits()).containsKey(key)) {
                faults.add(root.faultOfKey(key, "'" + key + "' is no key here: it belongs at limits." + key));
                further.add(key);
            }
        }
        root.requireKnown("", KEYS, further, faults);
    }

    /** How a key is written in this file; {@code name} itself if it is not there. */
    private String written(String name) {
        return FORMER.entrySet().stream()
                .filter(former -> former.getValue().equals(name) && root.has(former.getKey()) && !root.has(name))
                .map(Map.Entry::getKey)
                .findAny()
                .orElse(name);
    }

    private Map<String, String> environment() {
        Map<String, String> all = new TreeMap<>(worker.environment());
        if (!root.has(ENVIRONMENT)) {
            return all;
        }
        YamlMapping section = root.section(ENVIRONMENT);
        for (String name : section.keys()) {
            all.put(name, faults.of(() -> variable(section, name), ""));
        }
        return all;
    }

    private static String variable(YamlMapping section, String name) {
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
        return value;
    }

    private static Map<String, Integer> limits(Limits limits) {
        return new TreeMap<>(Map.of(
                "mem_mb",
                limits.memMb(),
                "procs",
                limits.procs(),
                "cpu_percent",
                limits.cpuPercent(),
                "swappiness",
                limits.swappiness(),
                RUNTIME,
                limits.runtimeSec(),
                "open_files",
                limits.openFiles(),
                "tmp_mb",
                limits.tmpMb()));
    }

    private Limits limits() {
        Map<String, Integer> known = limits(worker.limits());
        if (root.has(FORMER_RUNTIME)) {
            known.put(RUNTIME, number(root, "", FORMER_RUNTIME));
        }
        String key = written(LIMITS);
        if (root.has(key)) {
            limits(root.section(key), known);
        }
        try {
            return new Limits(
                    known.get("mem_mb"),
                    known.get("procs"),
                    known.get("cpu_percent"),
                    known.get("swappiness"),
                    known.get(RUNTIME),
                    known.get("open_files"),
                    known.get("tmp_mb"));
        } catch (IllegalArgumentException e) {
            throw root.fault(root.has(key) ? key : FORMER_RUNTIME, "limits: " + e.getMessage());
        }
    }

    private void limits(YamlMapping section, Map<String, Integer> known) {
        section.requireKnown("limits: ", Set.copyOf(known.keySet()), faults);
        for (String key : section.keys()) {
            if (known.containsKey(key) && section.has(key)) {
                known.put(key, faults.of(() -> number(section, "limits: ", key), known.get(key)));
            }
        }
        if (section.has("mem_mb") && known.get("mem_mb") > maxMemMb) {
            throw section.fault(
                    "mem_mb",
                    "limits: mem_mb is " + known.get("mem_mb") + ", it must be at most " + maxMemMb
                            + ", half of the worker's mem_pool_mb");
        }
    }

    /** Digits as people write them: YAML 1.1 takes a leading 0 for octal. */
    private static int number(YamlMapping section, String where, String key) {
        String text = section.text(key);
        if (!NUMBER.matcher(text).matches() || Math.abs(Long.parseLong(text)) > Integer.MAX_VALUE) {
            throw section.fault(
                    key,
                    where + key + " must be a whole number without leading zeros, not '" + ErrorText.shortened(text)
                            + "'");
        }
        return Integer.parseInt(text);
    }

    private Serving serving() {
        Serving before = worker.serving();
        Optional<TriggerKeys> triggers = faults.of(this::triggers, Optional.empty());
        return new Serving(
                triggers.map(TriggerKeys::methods).orElse(before.methods()),
                root.has(REUSE) ? faults.of(() -> root.isTrue("", REUSE), true) : before.reuse(),
                faults.of(this::concurrency, before.concurrency()),
                triggers.map(TriggerKeys::others).orElse(before.triggers()));
    }

    private Optional<TriggerKeys> triggers() {
        String key = written(TRIGGERS);
        return root.has(key) ? Optional.of(new TriggerKeys(root.section(key), faults)) : Optional.empty();
    }

    private OptionalInt concurrency() {
        if (!root.has(CONCURRENCY)) {
            return worker.serving().concurrency();
        }
        int calls = number(root, "", CONCURRENCY);
        if (calls < 1) {
            throw root.fault(CONCURRENCY, "concurrency is " + calls + ", it must be a whole number from 1");
        }
        return OptionalInt.of(calls);
    }

    private Optional<String> handler() {
        if (!root.has(HANDLER)) {
            return worker.handler();
        }
        String text = root.text(HANDLER);
        if (!MODULE_AND_FUNCTION.matcher(text).matches()) {
            throw root.fault(
                    HANDLER,
                    "handler is '" + ErrorText.shortened(text)
                            + "', it must be module.function, such as lambda_function.lambda_handler");
        }
        return Optional.of(text);
    }
}
