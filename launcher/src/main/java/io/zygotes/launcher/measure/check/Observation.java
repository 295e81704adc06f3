package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@code probe.py} told in one process.
 *
 * @param calls the answers of its calls, in their order; fewer than asked for if one failed
 * @param failure why no further call was answered; empty if all were
 */
record Observation(List<JsonNode> calls, Optional<String> failure) {

    Observation {
        calls = List.copyOf(calls);
    }

    static Observation failed(String why) {
        return new Observation(List.of(), Optional.of(why));
    }

    /** What it told once, after the import. */
    JsonNode first() {
        return calls.isEmpty() ? MissingNode.getInstance() : calls.getFirst();
    }

    /** Modules of the package that were there before it was imported. */
    Set<String> preloaded() {
        return texts(first().path("preloaded"));
    }

    /** Modules of all its packages that were there before, in the order in which a zygote imports them. */
    List<String> present() {
        return lines(first().path("present"));
    }

    static Set<String> texts(JsonNode array) {
        Set<String> texts = new TreeSet<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }

    /** The lines of an array. */
    static List<String> lines(JsonNode array) {
        List<String> lines = new ArrayList<>();
        array.forEach(each -> lines.add(each.asText()));
        return lines;
    }

    /** A value as a text; empty for nothing. */
    static String text(JsonNode value) {
        if (value.isMissingNode() || value.isNull() || value instanceof ObjectNode object && object.isEmpty()) {
            return "";
        }
        return value.isTextual() ? value.asText() : value.toString();
    }
}
