package io.zygotes.core.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.zygotes.spi.ConfigException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Settings for one run of a worker, on top of those of its file: {@code limits.mem_mb=100}, as OpenLambda's option
 * {@code -o} has them.
 *
 * @param values what they set, by keys with dots in between, in the order in which they were given
 */
public record Overrides(Map<String, String> values) {

    /** No settings. */
    public static final Overrides NONE = new Overrides(Map.of());

    private static final ObjectMapper JSON = new ObjectMapper();
    /** Where other commands look for what a worker left. */
    private static final Set<String> OF_THE_FILE = Set.of("worker_dir", "pkgs_dir");

    /** Copies the map; its order stays. */
    public Overrides {
        values = new LinkedHashMap<>(values);
    }

    /**
     * Reads them.
     *
     * @param options each {@code key=value}, or several of them with commas in between
     * @throws ConfigException if one is no such pair, stands there twice, or cannot be set for one run
     */
    public static Overrides parse(List<String> options) throws ConfigException {
        Map<String, String> values = new LinkedHashMap<>();
        for (String option : options) {
            for (String pair : option.split(",", -1)) {
                int equals = pair.indexOf('=');
                String key = equals < 0 ? "" : pair.substring(0, equals).strip();
                if (key.isEmpty()) {
                    throw new ConfigException("-o", "'" + pair + "' is not key=value, such as limits.mem_mb=100");
                }
                if (OF_THE_FILE.stream().anyMatch(key::equalsIgnoreCase)) {
                    throw new ConfigException(
                            "-o",
                            key
                                    + " cannot be set for one run, because 'down' and 'doctor --clean' look into"
                                    + " config.json for it; change it there");
                }
                if (values.put(key, pair.substring(equals + 1)) != null) {
                    throw new ConfigException("-o", key + " is set twice");
                }
            }
        }
        return new Overrides(values);
    }

    /** As options of a command. */
    public List<String> asOptions() {
        List<String> options = new ArrayList<>();
        values.forEach((key, value) -> options.addAll(List.of("-o", key + "=" + value)));
        return options;
    }

    /**
     * Puts them into the settings. What is wrong with them the reader of the settings says.
     *
     * @param root the file
     * @throws ConfigException if what should hold a key is no object
     */
    void applyTo(ObjectNode root) throws ConfigException {
        ObjectNode known = ConfigWriter.toNode(ConfigReader.defaults(Path.of("/"), 4096));
        for (Map.Entry<String, String> setting : values.entrySet()) {
            ObjectNode at = root;
            JsonNode shape = known;
            String[] path = setting.getKey().split("\\.", -1);
            for (int i = 0; i < path.length - 1; i++) {
                String name = spelling(at, path[i]);
                shape = shape.path(spelling(shape, path[i]));
                JsonNode inner = at.path(name);
                if (inner.isMissingNode() || inner.isNull()) {
                    at = at.putObject(name);
                } else if (inner instanceof ObjectNode object) {
                    at = object;
                } else {
                    throw new ConfigException("-o", setting.getKey() + ": " + name + " holds no keys in config.json");
                }
            }
            String last = path[path.length - 1];
            at.set(spelling(at, last), value(setting.getValue(), shape.path(spelling(shape, last))));
        }
    }

    private static String spelling(JsonNode object, String key) {
        for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (name.equalsIgnoreCase(key)) {
                return name;
            }
        }
        return key;
    }

    /** A text stays one, whatever it looks like, where a text belongs; elsewhere what is JSON is read as that. */
    private static JsonNode value(String text, JsonNode shape) {
        if (shape.isTextual()) {
            return TextNode.valueOf(text);
        }
        try {
            JsonNode value = JSON.readTree(text);
            return value.isMissingNode() ? TextNode.valueOf(text) : value;
        } catch (JsonProcessingException e) {
            return TextNode.valueOf(text); // no JSON, so it is a text without quotes
        }
    }
}
