package io.zygotes.core.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A part of a YAML file as JSON, by the rules of YAML 1.2, of which JSON is a part: what has no quotes is a number,
 * true, false or null if JSON has it so, and else a text. Of one thread.
 */
final class YamlJson {

    /** Far more than an event needs. Aliases can make much of little. */
    private static final int MOST_VALUES = 10_000, DEEPEST = 100, LONGEST = 64 << 10;

    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?");
    private static final Pattern NO_NUMBER = Pattern.compile("[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private int values;

    private YamlJson() {}

    /**
     * The JSON of a node.
     *
     * @throws IllegalArgumentException with line and column, if it is none
     */
    static String of(Node node) {
        String json = new YamlJson().json(node, 0).toString();
        if (json.length() > LONGEST) {
            throw fault(node, "it has more than " + LONGEST + " characters");
        }
        return json;
    }

    private JsonNode json(Node node, int depth) {
        if (++values > MOST_VALUES) {
            throw fault(node, "it has more than " + MOST_VALUES + " values");
        }
        if (depth > DEEPEST) {
            throw fault(node, "it is more than " + DEEPEST + " levels deep, or contains itself");
        }
        return switch (node) {
            case MappingNode mapping -> object(mapping, depth);
            case SequenceNode sequence -> {
                ArrayNode array = JSON.arrayNode();
                sequence.getValue().forEach(item -> array.add(json(item, depth + 1)));
                yield array;
            }
            case ScalarNode scalar -> scalar(scalar);
            default -> throw fault(node, "it is neither a mapping, a list nor a value");
        };
    }

    private ObjectNode object(MappingNode mapping, int depth) {
        if (!Tag.MAP.equals(mapping.getTag())) {
            throw fault(mapping, "it has the tag " + mapping.getTag());
        }
        ObjectNode object = JSON.objectNode();
        for (NodeTuple entry : mapping.getValue()) {
            object.set(((ScalarNode) entry.getKeyNode()).getValue(), json(entry.getValueNode(), depth + 1));
        }
        return object;
    }

    private static JsonNode scalar(ScalarNode scalar) {
        String text = scalar.getValue();
        if (Tag.BINARY.equals(scalar.getTag())) {
            throw fault(scalar, "it has the tag " + scalar.getTag());
        }
        if (scalar.getScalarStyle() != ScalarStyle.PLAIN) {
            return JSON.textNode(text);
        }
        if (NO_NUMBER.matcher(text).matches()) {
            throw fault(scalar, "JSON has no number " + text);
        }
        return switch (text) {
            case "", "~", "null", "Null", "NULL" -> JSON.nullNode();
            case "true", "True", "TRUE" -> JSON.booleanNode(true);
            case "false", "False", "FALSE" -> JSON.booleanNode(false);
            default -> NUMBER.matcher(text).matches() ? JSON.rawValueNode(new RawValue(text)) : JSON.textNode(text);
        };
    }

    private static IllegalArgumentException fault(Node node, String what) {
        Mark mark = node.getStartMark();
        return new IllegalArgumentException(
                "line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ": " + what);
    }
}
