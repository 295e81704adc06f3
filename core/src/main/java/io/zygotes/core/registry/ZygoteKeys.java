package io.zygotes.core.registry;

import java.util.List;
import java.util.Optional;

/** Reads {@code zygote} of an {@code ol.yaml}: from which zygotes a lambda's leaves are forked. */
final class ZygoteKeys {

    private static final String KEY = "zygote";
    private static final List<String> KEYS = List.of("eager", "event");

    private ZygoteKeys() {}

    /**
     * What the file says.
     *
     * @param otherwise what holds if it says nothing
     */
    static ZygoteUse read(YamlMapping root, ZygoteUse otherwise, Faults faults) {
        if (!root.has(KEY)) {
            return otherwise;
        }
        if (!root.isText(KEY)) {
            return own(root.section(KEY), faults);
        }
        String text = root.text(KEY);
        return switch (text) {
            case "true" -> new ZygoteUse.Own(false, Optional.empty(), Optional.empty());
            case "false" -> new ZygoteUse.None();
            default ->
                throw root.fault(
                        KEY,
                        "zygote is '" + ErrorText.shortened(text)
                                + "', it must be true, false, or a mapping with event and eager");
        };
    }

    private static ZygoteUse own(YamlMapping section, Faults faults) {
        section.requireKnown("zygote: ", KEYS, faults);
        boolean eager = section.has("eager") && section.isTrue("zygote: ", "eager");
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
                    Optional.of(
                            "the event for its zygote in " + LambdaSettings.FILE + " is no JSON: " + e.getMessage()));
        }
    }
}
