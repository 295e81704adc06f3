package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * The public attributes of a package's modules: of plain Python as texts, of sandboxes as checksums, because there are
 * many. Those whose checksums do not fit are asked for.
 */
final class Attributes {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_ASKED = 400;

    private final JsonNode plain;
    private final List<Name> suspects = new ArrayList<>();
    private final List<Difference> missing = new ArrayList<>();

    private record Name(String module, String attribute) {}

    /**
     * Compares.
     *
     * @param plain of plain Python
     * @param again of plain Python once more: what is another one there is not compared
     * @param here checksums of the same elsewhere
     */
    Attributes(JsonNode plain, JsonNode again, JsonNode here) {
        this.plain = plain;
        for (Map.Entry<String, JsonNode> module : plain.properties()) {
            JsonNode sums = here.path(module.getKey());
            if (sums.isMissingNode()) {
                missing.add(new Difference("module " + module.getKey(), "loaded it", ""));
                continue;
            }
            JsonNode second = again.path(module.getKey());
            for (Map.Entry<String, JsonNode> attribute : module.getValue().properties()) {
                String name = attribute.getKey();
                boolean stable = attribute.getValue().equals(second.path(name));
                boolean same = sums.has(name)
                        && (!stable
                                || sums.path(name).asLong()
                                        == checksum(attribute.getValue().asText()));
                if (!same) {
                    suspects.add(new Name(module.getKey(), name));
                }
            }
            sums.fieldNames().forEachRemaining(name -> {
                if (!module.getValue().has(name)) {
                    suspects.add(new Name(module.getKey(), name));
                }
            });
        }
    }

    private static long checksum(String text) {
        CRC32 sum = new CRC32();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return sum.getValue();
    }

    /** What to ask the sandbox; empty if nothing is suspect. */
    String question() {
        if (suspects.isEmpty()) {
            return "";
        }
        ObjectNode question = JSON.createObjectNode();
        ArrayNode names = question.putArray("describe");
        suspects.stream()
                .limit(MOST_ASKED)
                .forEach(name -> names.addArray().add(name.module()).add(name.attribute()));
        return question.toString();
    }

    /**
     * What differs.
     *
     * @param answer what the sandbox said to the question; anything if there was none
     */
    List<Difference> differences(JsonNode answer) {
        List<Difference> found = new ArrayList<>(missing);
        for (int i = 0; i < suspects.size(); i++) {
            Name name = suspects.get(i);
            String here = Observation.text(answer.path(i).path(2));
            String there = Observation.text(plain.path(name.module()).path(name.attribute()));
            // A module that others have imported is an attribute of the one above it.
            boolean submodule = there.isEmpty() && here.startsWith("module " + name.module() + ".");
            if (!submodule && !here.equals(there)) {
                found.add(new Difference("attribute " + name.module() + "." + name.attribute(), there, here));
            }
        }
        return found;
    }
}
