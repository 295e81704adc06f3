package io.zygotes.plugin.tree.fit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One line of a trace that is read as a tree, with its fields checked.
 *
 * @param json the line
 */
record TraceLine(JsonNode json) {

    /** An import of an hour was not measured but mistyped. */
    private static final double MOST_MILLIS = 3_600_000;
    /** Nor was one of a terabyte. */
    private static final double MOST_MEGABYTES = 1_000_000;

    /** A text that must be there. */
    String text(String key) throws MalformedLine {
        JsonNode value = json.get(key);
        if (value == null || !value.isTextual()) {
            throw new MalformedLine(key + " must be a text, it is " + (value == null ? "missing" : value));
        }
        return value.textValue();
    }

    /** A list of texts; empty if there is none. */
    List<String> texts(String key) throws MalformedLine {
        JsonNode list = json.get(key);
        if (list == null || list.isNull()) {
            return List.of();
        }
        if (!list.isArray()) {
            throw new MalformedLine(key + " must be a list");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode each : list) {
            if (!each.isTextual()) {
                throw new MalformedLine(key + " must be a list of texts, it has " + each);
            }
            texts.add(each.textValue());
        }
        return texts;
    }

    /** Why no zygote may hold the package; empty if nothing of that kind was found. */
    Optional<String> unfit() throws MalformedLine {
        JsonNode value = json.get("unfit");
        return value == null || value.isNull() ? Optional.empty() : Optional.of(text("unfit"));
    }

    /** What importing the package costs, in milliseconds; empty if nobody measured it. */
    OptionalDouble millis() throws MalformedLine {
        return cost("import_ms", MOST_MILLIS);
    }

    /** What importing the package costs, in MiB; empty if nobody measured it. */
    OptionalDouble megabytes() throws MalformedLine {
        return cost("import_mb", MOST_MEGABYTES);
    }

    private OptionalDouble cost(String key, double most) throws MalformedLine {
        JsonNode value = json.get(key);
        if (value == null || value.isNull()) {
            return OptionalDouble.empty();
        }
        if (!isCost(value, most)) {
            throw new MalformedLine(key + " must be a number from 0 to " + (long) most + ", it is " + value);
        }
        return OptionalDouble.of(value.doubleValue());
    }

    /** Whether both costs are there and can be true. */
    boolean hasCosts() {
        return isCost(json.path("import_ms"), MOST_MILLIS) && isCost(json.path("import_mb"), MOST_MEGABYTES);
    }

    private static boolean isCost(JsonNode value, double most) {
        return value.isNumber() && value.doubleValue() >= 0 && value.doubleValue() <= most;
    }
}
