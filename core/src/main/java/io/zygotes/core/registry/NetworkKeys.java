package io.zygotes.core.registry;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.NetworkRules;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Reads {@code network} of an {@code ol.yaml}: what a lambda reaches. */
final class NetworkKeys {

    private static final String KEY = "network";
    private static final List<String> KEYS = List.of("allow", "deny");

    private NetworkKeys() {}

    /**
     * What the file says.
     *
     * @return empty if it says nothing
     */
    static Optional<NetworkSetting> read(YamlMapping root, Faults faults) {
        if (!root.has(KEY)) {
            return Optional.empty();
        }
        if (!root.isText(KEY)) {
            return Optional.of(lists(root, root.section(KEY), faults));
        }
        String text = root.text(KEY);
        return switch (text.toLowerCase(Locale.ROOT)) {
            case NetworkSetting.INTERNET_WORD -> Optional.of(NetworkSetting.INTERNET);
            case NetworkSetting.HOST_WORD -> Optional.of(NetworkSetting.HOST);
            case NetworkSetting.NONE_WORD -> Optional.of(NetworkSetting.NONE);
            default ->
                throw root.fault(
                        KEY,
                        "network is '" + ErrorText.shortened(text)
                                + "', it must be internet, host, none, or a mapping with allow and deny");
        };
    }

    private static NetworkSetting lists(YamlMapping root, YamlMapping section, Faults faults) {
        section.requireKnown("network: ", KEYS, faults);
        Optional<List<String>> allow = section.has("allow") ? Optional.of(section.texts("allow")) : Optional.empty();
        List<String> deny = section.has("deny") ? section.texts("deny") : List.of();
        try {
            NetworkSetting setting = NetworkSetting.ofLists(allow, deny);
            if (setting.namesIndexes()) {
                throw new IllegalArgumentException("'indexes' is known in installer_network of config.json only");
            }
            return setting;
        } catch (IllegalArgumentException e) {
            throw root.fault(KEY, "network: " + e.getMessage());
        }
    }

    /** A lambda may give up what it reaches, but not take what the operator gives to nobody. */
    static NetworkRules within(YamlMapping root, NetworkSetting own, NetworkSetting worker) {
        try {
            return own.within(worker);
        } catch (IllegalArgumentException e) {
            throw root.fault(KEY, e.getMessage());
        }
    }
}
