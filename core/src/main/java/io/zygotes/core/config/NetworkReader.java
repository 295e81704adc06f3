package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.network.NetworkSetting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads what {@code config.json} says of the network: words, or objects with {@code allow} and {@code deny}. */
final class NetworkReader {

    private static final List<String> WORDS =
            List.of(NetworkSetting.INTERNET_WORD, NetworkSetting.HOST_WORD, NetworkSetting.NONE_WORD);

    private final Section root;
    private final List<String> faults;

    NetworkReader(Section root, List<String> faults) {
        this.root = root;
        this.faults = faults;
    }

    NetworkSetting ofLambdas() {
        return read("network", NetworkSetting.INTERNET_WORD, List.of(), false);
    }

    NetworkSetting ofZygotes() {
        return read("zygote_network", NetworkSetting.LAMBDAS_WORD, List.of(NetworkSetting.LAMBDAS_WORD), false);
    }

    NetworkSetting ofInstalls() {
        return read("installer_network", NetworkSetting.INDEXES_WORD, List.of(NetworkSetting.INDEXES_WORD), true);
    }

    private NetworkSetting read(String key, String fallback, List<String> moreWords, boolean indexes) {
        JsonNode value = root.value(key);
        if (value == null) {
            return NetworkSetting.ofWord(fallback);
        }
        if (value.isObject()) {
            return lists(key, root.section(key), indexes);
        }
        List<String> words = new ArrayList<>(moreWords);
        words.addAll(WORDS);
        if (!value.isTextual() || !words.contains(value.textValue())) {
            root.fault(
                    key,
                    "is " + value + ", it must be one of \"" + String.join("\", \"", words)
                            + "\", or an object with allow and deny");
            return NetworkSetting.ofWord(fallback);
        }
        return NetworkSetting.ofWord(value.textValue());
    }

    private NetworkSetting lists(String key, Section section, boolean indexes) {
        int before = faults.size();
        Optional<List<String>> allow = rules(section, "allow", indexes);
        List<String> deny = rules(section, "deny", indexes).orElse(List.of());
        section.finish();
        if (faults.size() > before) {
            return NetworkSetting.NONE;
        }
        try {
            return NetworkSetting.ofLists(allow, deny);
        } catch (IllegalArgumentException e) {
            root.fault(key, "has too much: " + e.getMessage());
            return NetworkSetting.NONE;
        }
    }

    private static Optional<List<String>> rules(Section section, String key, boolean indexes) {
        JsonNode list = section.value(key);
        if (list == null) {
            return Optional.empty();
        }
        if (!list.isArray()) {
            section.fault(key, "must be a list of network rules, not " + list);
            return Optional.empty();
        }
        List<String> rules = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            JsonNode rule = list.get(i);
            String where = key + "[" + i + "]";
            if (!rule.isTextual()) {
                section.fault(where, "must be a text, not " + rule);
            } else if (rule.textValue().equals(NetworkSetting.INDEXES_WORD) && !indexes) {
                section.fault(where, "is 'indexes', which only installs know (installer_network)");
            } else {
                rules.add(rule.textValue());
                check(section, where, rule.textValue());
            }
        }
        return Optional.of(rules);
    }

    private static void check(Section section, String where, String rule) {
        try {
            NetworkSetting.ofLists(Optional.of(List.of(rule)), List.of());
        } catch (IllegalArgumentException e) {
            section.fault(where, "is wrong: " + e.getMessage());
        }
    }
}
