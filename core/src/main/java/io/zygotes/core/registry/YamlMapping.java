package io.zygotes.core.registry;

import io.zygotes.core.config.NearestKey;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * One mapping of a YAML file, whose scalars are what stands in the file. YAML 1.1 would make {@code 1.1} of
 * {@code 1.10}, {@code 83} of {@code 0123} and {@code true} of {@code yes}, so no scalar is resolved here. Every error
 * has line and column. Not safe for use by many threads.
 */
final class YamlMapping {

    /** One file, by the name that errors have. */
    private final String file;

    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Node> keys = new HashMap<>();

    private YamlMapping(String file, MappingNode node) {
        this.file = file;
        for (NodeTuple entry : node.getValue()) {
            String key = ((ScalarNode) entry.getKeyNode()).getValue();
            values.put(key, entry.getValueNode());
            keys.put(key, entry.getKeyNode());
        }
    }

    /**
     * Reads a file that holds one mapping.
     *
     * @param file its name, for errors
     * @param text its content
     * @return empty if the file says nothing
     * @throws IllegalArgumentException with line and column, if it is not YAML, not a mapping, or has a key twice
     */
    static Optional<YamlMapping> parse(String file, String text) {
        Node root;
        try {
            root = new Yaml(new LoaderOptions())
                    .compose(new StringReader(text.startsWith("\uFEFF") ? text.substring(1) : text));
        } catch (MarkedYAMLException e) {
            throw fault(file, e.getProblemMark(), "is not YAML: " + e.getProblem(), e);
        } catch (YAMLException e) {
            throw fault(file, null, "is not YAML: " + e.getMessage(), e);
        }
        if (root == null || Tag.NULL.equals(root.getTag())) {
            return Optional.empty();
        }
        checkKeys(file, root, Collections.newSetFromMap(new IdentityHashMap<>()));
        return Optional.of(mapping(file, root, "the file"));
    }

    /** In all of the file: a key that stands there twice hides a value, in parts that nobody reads as well. */
    private static void checkKeys(String file, Node node, Set<Node> seen) {
        // The same part may stand in many places, by aliases.
        if (!seen.add(node)) {
            return;
        }
        switch (node) {
            case MappingNode mapping -> {
                Set<String> names = new HashSet<>();
                for (NodeTuple entry : mapping.getValue()) {
                    if (!(entry.getKeyNode() instanceof ScalarNode key)) {
                        throw fault(file, entry.getKeyNode().getStartMark(), "a key must be a word", null);
                    }
                    if (!names.add(key.getValue())) {
                        throw fault(
                                file,
                                key.getStartMark(),
                                "'" + ErrorText.shortened(key.getValue()) + "' stands there twice; remove one of them",
                                null);
                    }
                    checkKeys(file, entry.getValueNode(), seen);
                }
            }
            case SequenceNode sequence -> sequence.getValue().forEach(item -> checkKeys(file, item, seen));
            default -> {
                return;
            }
        }
    }

    private static YamlMapping mapping(String file, Node node, String what) {
        if (!(node instanceof MappingNode mapping)) {
            throw fault(
                    file, node.getStartMark(), what + " must be a mapping of keys to values, not " + shape(node), null);
        }
        return new YamlMapping(file, mapping);
    }

    private static String shape(Node node) {
        return node instanceof ScalarNode scalar
                ? "'" + ErrorText.shortened(scalar.getValue()) + "'"
                : node instanceof SequenceNode ? "a list" : "a mapping";
    }

    /** All keys, in the order of the file. */
    Set<String> keys() {
        return values.keySet();
    }

    /** Whether the key has a value; one that is there and says nothing, or null, has none. */
    boolean has(String key) {
        Node node = values.get(key);
        return node != null && !Tag.NULL.equals(node.getTag());
    }

    /**
     * The mapping under a key.
     *
     * @throws IllegalArgumentException with line and column, if it is something else
     */
    YamlMapping section(String key) {
        return mapping(file, values.get(key), key);
    }

    /**
     * The text of the scalar under a key, as it stands in the file.
     *
     * @throws IllegalArgumentException with line and column, if it is something else
     */
    String text(String key) {
        Node node = values.get(key);
        if (!(node instanceof ScalarNode scalar)) {
            throw fault(file, node.getStartMark(), key + " must be a text, not " + shape(node), null);
        }
        return scalar.getValue();
    }

    /**
     * Whether the value of a key is {@code true}.
     *
     * @param where put before the key in errors
     * @throws IllegalArgumentException with line and column, if it is neither true nor false
     */
    boolean isTrue(String where, String key) {
        String text = text(key);
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw fault(key, where + key + " is '" + ErrorText.shortened(text) + "', it must be true or false");
        };
    }

    /** Whether the value of a key is a scalar. */
    boolean isText(String key) {
        return values.get(key) instanceof ScalarNode;
    }

    /**
     * The texts of the scalars in the list under a key, as they stand in the file.
     *
     * @throws IllegalArgumentException with line and column, if it is something else
     */
    List<String> texts(String key) {
        Node node = values.get(key);
        if (!(node instanceof SequenceNode sequence)) {
            throw fault(file, node.getStartMark(), key + " must be a list, not " + shape(node), null);
        }
        List<String> texts = new ArrayList<>();
        for (Node item : sequence.getValue()) {
            if (!(item instanceof ScalarNode scalar)) {
                throw fault(file, item.getStartMark(), key + " must be a list of texts, not of " + shape(item), null);
            }
            texts.add(scalar.getValue());
        }
        return texts;
    }

    /**
     * The mappings in the list under a key.
     *
     * @throws IllegalArgumentException with line and column, if it is something else
     */
    List<YamlMapping> sections(String key) {
        Node node = values.get(key);
        if (!(node instanceof SequenceNode sequence)) {
            throw fault(file, node.getStartMark(), key + " must be a list of mappings, not " + shape(node), null);
        }
        return sequence.getValue().stream()
                .map(item -> mapping(file, item, "each part of " + key))
                .toList();
    }

    /**
     * Finds keys that nobody reads.
     *
     * @param where this mapping, as errors name it, such as {@code limits: }
     * @param known the keys that there are
     * @param faults takes an error for each other one
     */
    void requireKnown(String where, Collection<String> known, Faults faults) {
        requireKnown(where, known, Set.of(), faults);
    }

    /** As {@link #requireKnown(String, Collection, Faults)}, with keys that there are and errors do not propose. */
    void requireKnown(String where, Collection<String> known, Collection<String> further, Faults faults) {
        for (String key : values.keySet()) {
            if (!known.contains(key) && !further.contains(key)) {
                String meant = NearestKey.of(key, known)
                        .map(near -> ": did you mean '" + near + "'? There are ")
                        .orElse("; there are ");
                faults.add(faultOfKey(
                        key,
                        where + "'" + ErrorText.shortened(key) + "' is no key here" + meant
                                + String.join(", ", new TreeSet<>(known))));
            }
        }
    }

    /**
     * The value of a key as JSON.
     *
     * @throws IllegalArgumentException with line and column, if it is none
     */
    String json(String key) {
        return YamlJson.of(values.get(key));
    }

    /** An error at the value of a key. */
    IllegalArgumentException fault(String key, String what) {
        return fault(file, values.get(key).getStartMark(), what, null);
    }

    /** An error at a key. */
    IllegalArgumentException faultOfKey(String key, String what) {
        return fault(file, keys.get(key).getStartMark(), what, null);
    }

    private static IllegalArgumentException fault(String file, Mark mark, String what, Throwable cause) {
        String where = mark == null ? "" : ", line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1);
        return new IllegalArgumentException(file + where + ": " + what, cause);
    }
}
