package io.zygotes.core.aws;

import java.io.StringReader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * What a request says of a function that stands in its {@code ol.yaml}, so that it is the same over {@code /run/}.
 *
 * @param handler {@code module.function}; empty to leave it as it is, as all others
 * @param environment all its variables
 * @param memMb memory in MiB
 * @param seconds that a call may take
 * @param tmpMb size of {@code /tmp} in MiB
 */
record FunctionSettings(
        Optional<String> handler,
        Optional<Map<String, String>> environment,
        Optional<Integer> memMb,
        Optional<Integer> seconds,
        Optional<Integer> tmpMb) {

    static final String FILE = "ol.yaml";

    FunctionSettings {
        environment = environment.map(Map::copyOf);
    }

    /**
     * A file with these settings in the place of its own; what they do not say stays.
     *
     * @throws IllegalArgumentException if it is no YAML, or no mapping
     */
    String in(String text) {
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(FlowStyle.BLOCK);
        Yaml yaml = new Yaml(options);
        List<NodeTuple> file = members(text);
        handler.ifPresent(value -> put(file, "handler", text(value)));
        if (environment.isPresent()) {
            List<NodeTuple> variables = new ArrayList<>();
            environment.get().forEach((name, value) -> put(variables, name, text(value)));
            put(file, "environment", mapping(variables));
        }
        if (memMb.isPresent() || seconds.isPresent() || tmpMb.isPresent()) {
            List<NodeTuple> limits =
                    new ArrayList<>(find(file, "limits") instanceof MappingNode own ? own.getValue() : List.of());
            memMb.ifPresent(value -> put(limits, "mem_mb", number(value)));
            seconds.ifPresent(value -> put(limits, "runtime_sec", number(value)));
            tmpMb.ifPresent(value -> put(limits, "tmp_mb", number(value)));
            put(file, "limits", mapping(limits));
        }
        StringWriter written = new StringWriter();
        yaml.serialize(mapping(file), written);
        return written.toString();
    }

    /** A file with some variables more, or others in their place. */
    static String withVariables(String text, Map<String, String> more) {
        List<NodeTuple> file = members(text);
        List<NodeTuple> variables =
                new ArrayList<>(find(file, "environment") instanceof MappingNode own ? own.getValue() : List.of());
        more.forEach((name, value) -> put(variables, name, text(value)));
        put(file, "environment", mapping(variables));
        StringWriter written = new StringWriter();
        new Yaml().serialize(mapping(file), written);
        return written.toString();
    }

    private static List<NodeTuple> members(String text) {
        try {
            Node root = new Yaml(new LoaderOptions()).compose(new StringReader(text));
            if (root == null || Tag.NULL.equals(root.getTag())) {
                return new ArrayList<>();
            }
            if (root instanceof MappingNode mapping) {
                return new ArrayList<>(mapping.getValue());
            }
        } catch (YAMLException e) {
            throw new IllegalArgumentException(FILE + " is not YAML: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(FILE + " is not a mapping");
    }

    private static Node find(List<NodeTuple> members, String key) {
        return members.stream()
                .filter(member -> isKey(member, key))
                .map(NodeTuple::getValueNode)
                .findFirst()
                .orElse(null);
    }

    private static boolean isKey(NodeTuple member, String key) {
        return member.getKeyNode() instanceof ScalarNode scalar
                && scalar.getValue().equals(key);
    }

    private static void put(List<NodeTuple> members, String key, Node value) {
        members.removeIf(member -> isKey(member, key));
        members.add(new NodeTuple(text(key), value));
    }

    private static Node mapping(List<NodeTuple> members) {
        return new MappingNode(Tag.MAP, members, FlowStyle.BLOCK);
    }

    private static Node text(String value) {
        return new ScalarNode(Tag.STR, value, null, null, ScalarStyle.DOUBLE_QUOTED);
    }

    private static Node number(int value) {
        return new ScalarNode(Tag.INT, Integer.toString(value), null, null, ScalarStyle.PLAIN);
    }
}
