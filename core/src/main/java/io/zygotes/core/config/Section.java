package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** One object of a settings file, read key by key; every fault goes into a list with its JSON path. */
final class Section {

    private final String path;
    private final JsonNode node;
    private final List<String> faults;
    private final Function<String, Optional<String>> elsewhere;
    private final TreeSet<String> known = new TreeSet<>();

    /**
     * @param path JSON path of this object, such as {@code $.limits}
     * @param node the object; null for an absent one, whose keys all have their defaults
     * @param faults where faults go
     * @param elsewhere finds the JSON path of a key that belongs to another object
     */
    Section(String path, JsonNode node, List<String> faults, Function<String, Optional<String>> elsewhere) {
        this.path = path;
        this.faults = faults;
        this.elsewhere = elsewhere;
        if (node != null && !node.isObject()) {
            faults.add(path + " must be an object, not " + node);
            this.node = null;
        } else {
            this.node = node;
        }
    }

    Section section(String key) {
        return new Section(path + "." + key, value(key), faults, elsewhere);
    }

    /** The raw value, in whatever spelling its key is; null if it is absent or JSON's null. */
    JsonNode value(String key) {
        known.add(key);
        JsonNode value = node == null ? null : node.get(spelling(key));
        return value == null || value.isNull() ? null : value;
    }

    /** How the file spells a key: as OpenLambda does, capital letters do not matter. */
    private String spelling(String key) {
        if (node.has(key)) {
            return key;
        }
        for (Iterator<String> keys = node.fieldNames(); keys.hasNext(); ) {
            String name = keys.next();
            if (name.equalsIgnoreCase(key)) {
                return name;
            }
        }
        return key;
    }

    String text(String key, String fallback) {
        JsonNode value = value(key);
        if (value == null) {
            return fallback;
        }
        if (!value.isTextual()) {
            fault(key, "must be a text, not " + value);
            return fallback;
        }
        return value.textValue();
    }

    String choice(String key, String fallback, List<String> choices) {
        String text = text(key, fallback);
        if (!choices.contains(text)) {
            fault(key, "is '" + text + "', it must be one of " + quoted(choices));
            return fallback;
        }
        return text;
    }

    boolean flag(String key, boolean fallback) {
        JsonNode value = value(key);
        if (value == null) {
            return fallback;
        }
        if (!value.isBoolean()) {
            fault(key, "must be true or false, not " + value);
            return fallback;
        }
        return value.booleanValue();
    }

    /** A whole number; OpenLambda writes some of them as texts, so a text of digits is taken as well. */
    int integer(String key, int fallback, int least, int most) {
        return (int) number(key, fallback, least, most);
    }

    /** As {@link #integer} from 1 on; 0 means that nothing was set, as it does in OpenLambda. */
    int integerUnlessZero(String key, int fallback, int most) {
        int number = integer(key, 0, 0, most);
        return number == 0 ? fallback : number;
    }

    /** As {@link #integer}, for larger ones. */
    long number(String key, long fallback, long least, long most) {
        JsonNode value = value(key);
        if (value == null) {
            return fallback;
        }
        String digits = value.isTextual() ? value.textValue().strip() : value.asText();
        boolean whole = (value.isTextual() || value.isNumber()) && digits.matches("-?[0-9]{1,18}");
        if (!whole) {
            fault(key, "must be a whole number from " + least + " to " + most + ", not " + value);
            return fallback;
        }
        long number = Long.parseLong(digits);
        if (number < least || number > most) {
            fault(key, "is " + number + ", it must be from " + least + " to " + most);
            return fallback;
        }
        return number;
    }

    void fault(String key, String reason) {
        faults.add(path + "." + key + " " + reason);
    }

    /** Reports every key that nobody asked for. */
    void finish() {
        if (node == null) {
            return;
        }
        TreeMap<String, String> seen = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        TreeSet<String> anyCase = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        anyCase.addAll(known);
        for (Iterator<String> keys = node.fieldNames(); keys.hasNext(); ) {
            String key = keys.next();
            String before = seen.put(key, key);
            if (before != null && anyCase.contains(key)) {
                faults.add(path + "." + key + " stands there twice, the other time as " + before + "; remove one");
            }
            if (anyCase.contains(key)) {
                continue;
            }
            String meant = elsewhere
                    .apply(key)
                    .map(other -> ": it belongs at " + other)
                    .or(() -> NearestKey.of(key, known).map(near -> ": did you mean '" + near + "'?"))
                    .orElse(": known here are " + String.join(", ", known));
            faults.add(path + "." + key + " is no known key" + meant);
        }
    }

    private static String quoted(List<String> choices) {
        List<String> all = new ArrayList<>();
        for (String choice : choices) {
            all.add("'" + choice + "'");
        }
        return String.join(", ", all);
    }
}
