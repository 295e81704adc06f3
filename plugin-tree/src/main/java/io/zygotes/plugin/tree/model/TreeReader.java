package io.zygotes.plugin.tree.model;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import io.zygotes.spi.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads trees. A node is {@code {"packages": […], "children": […]}} or {@code {"include": "other.json"}}; every fault is
 * a {@link ConfigException} with the file and the JSON path of the fault.
 */
public final class TreeReader {

    /** The value of {@code import_cache_tree} that asks for a tree learned from the worker's own traffic. */
    public static final String AUTO = "auto";

    /** Its file name says what is in it; {@code init} writes a copy under the same name. */
    private static final String DEFAULT_TREE = "/io/zygotes/plugin/tree/default-zygotes-40.json";

    /** {@code split_generation} is in trees that OpenLambda made; it means nothing here. */
    private static final List<String> KEYS = List.of("packages", "children", "include", "split_generation");

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Where a node was read: for messages, and to resolve includes and find their cycles. */
    private record Source(String name, Path folder, List<Path> files) {

        ConfigException fault(String path, String reason) {
            return new ConfigException(name + ": " + path, reason);
        }
    }

    private TreeReader() {}

    /**
     * Reads the value of {@code import_cache_tree}.
     *
     * @param value a path, JSON text (starts with a brace), or an inline object as a JSON library reads it; empty for
     *     the tree that comes with this plugin
     * @param workerDirectory what a relative path is relative to
     * @throws ConfigException if it is not a tree
     */
    public static ZygoteTree setting(Optional<Object> value, Path workerDirectory) throws ConfigException {
        String setting = "config.json: $.import_cache_tree";
        if (value.isEmpty()) {
            return bundled();
        }
        return switch (value.get()) {
            case String text when text.isBlank() -> bundled();
            case String text
            when text.equals(AUTO) ->
                throw new ConfigException(
                        setting, "\"auto\" works with the import cache \"tree\" only; a file of that name is ./auto");
            case String text
            when text.stripLeading().startsWith("{") -> text(text, "import_cache_tree (JSON text)", workerDirectory);
            case String text -> {
                Path file;
                try {
                    file = workerDirectory.resolve(text);
                } catch (InvalidPathException e) {
                    throw new ConfigException(setting, "'" + text + "' is not a path: " + e.getReason(), e);
                }
                if (!Files.exists(file)) {
                    throw new ConfigException(
                            setting,
                            "there is no file " + file.toAbsolutePath().normalize()
                                    + "; a relative path is relative to the worker directory, a tree as text starts"
                                    + " with {");
                }
                yield file(file);
            }
            case Map<?, ?> object -> {
                JsonNode json;
                try {
                    json = MAPPER.valueToTree(object);
                } catch (IllegalArgumentException e) {
                    throw new ConfigException(setting, "is not JSON: " + e.getMessage(), e);
                }
                yield tree(json, new Source("config.json", workerDirectory, List.of()), "$.import_cache_tree");
            }
            default ->
                throw new ConfigException(
                        setting, "must be a path, a tree as an object, or a tree as text, not " + value.get());
        };
    }

    /**
     * Reads a tree from a file.
     *
     * @throws ConfigException if the file cannot be read or is not a tree
     */
    public static ZygoteTree file(Path file) throws ConfigException {
        Source source = source(file, List.of());
        return tree(parse(content(file, source.name()), source), source, "$");
    }

    /**
     * Reads a tree from JSON text.
     *
     * @param text the JSON
     * @param name what the text is called in messages
     * @param folder what includes are relative to
     * @throws ConfigException if it is not a tree
     */
    public static ZygoteTree text(String text, String name, Path folder) throws ConfigException {
        Source source = new Source(name, folder, List.of());
        return tree(parse(text, source), source, "$");
    }

    /** The tree that comes with this plugin, made for lambdas whose packages nobody knows. */
    public static ZygoteTree bundled() {
        try {
            return text(bundledText(), "default-zygotes-40.json", Path.of("."));
        } catch (ConfigException e) {
            throw new IllegalStateException("the tree inside this plugin is damaged, build it anew", e);
        }
    }

    /** The file of {@link #bundled}, for those who want a copy to change. */
    public static String bundledText() {
        try (InputStream in = TreeReader.class.getResourceAsStream(DEFAULT_TREE)) {
            if (in == null) {
                throw new IllegalStateException(DEFAULT_TREE + " is missing in this plugin, build it anew");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + DEFAULT_TREE, e);
        }
    }

    private static Source source(Path file, List<Path> above) {
        Path path = file.toAbsolutePath().normalize();
        List<Path> files = new ArrayList<>(above);
        files.add(path);
        return new Source(file.toString(), path.getParent(), List.copyOf(files));
    }

    private static String content(Path file, String where) throws ConfigException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new ConfigException(where, "there is no such file", e);
        } catch (IOException e) {
            throw new ConfigException(where, "cannot be read: " + e, e);
        }
    }

    private static JsonNode parse(String text, Source source) throws ConfigException {
        try {
            JsonNode json = MAPPER.readTree(text);
            if (json.isMissingNode()) {
                throw source.fault("$", "is empty; the smallest tree is {\"packages\": [], \"children\": []}");
            }
            return json;
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? "$" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new ConfigException(source.name() + ": " + place, "is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static ZygoteTree tree(JsonNode json, Source source, String path) throws ConfigException {
        return new ZygoteTree(nodes(json, source, path, new HashMap<>(), 0).getFirst());
    }

    /**
     * The node, or for an included whole tree its children.
     *
     * @param above the packages of the nodes above, each with the place where it stands
     */
    private static List<ZygoteTree.Node> nodes(
            JsonNode json, Source source, String path, Map<String, Placed> above, int depth) throws ConfigException {
        if (!json.isObject()) {
            throw source.fault(path, "must be an object with packages and children, not " + shown(json));
        }
        for (String key : (Iterable<String>) json::fieldNames) {
            if (!KEYS.contains(key)) {
                throw source.fault(
                        path + member(key), "unknown key '" + key + "', did you mean '" + nearest(key) + "'?");
            }
        }
        if (depth >= ZygoteTree.MAX_DEPTH) {
            throw source.fault(
                    path,
                    "is more than " + ZygoteTree.MAX_DEPTH
                            + " zygotes deep (the root counts); put the packages of several nodes into one");
        }
        if (json.has("include")) {
            return included(json, source, path, above, depth);
        }
        Map<String, Placed> here = new HashMap<>(above);
        List<Requirement> packages = packages(json.get("packages"), source, path + ".packages", here, depth);
        List<ZygoteTree.Node> children = new ArrayList<>();
        JsonNode below = json.get("children");
        if (present(below)) {
            if (!below.isArray()) {
                throw source.fault(path + ".children", "must be a list of nodes, not " + shown(below));
            }
            for (int i = 0; i < below.size(); i++) {
                children.addAll(nodes(below.get(i), source, path + ".children[" + i + "]", here, depth + 1));
            }
        }
        return List.of(new ZygoteTree.Node(packages, children));
    }

    private record Placed(Requirement requirement, String where) {}

    private static List<Requirement> packages(
            JsonNode json, Source source, String path, Map<String, Placed> here, int depth) throws ConfigException {
        List<Requirement> packages = new ArrayList<>();
        if (!present(json)) {
            return packages;
        }
        if (!json.isArray()) {
            throw source.fault(path, "must be a list of package names, not " + shown(json));
        }
        if (depth == 0 && !json.isEmpty()) {
            throw source.fault(
                    path,
                    "the root must have no packages, it serves every lambda; put " + shown(json) + " into a child");
        }
        for (int i = 0; i < json.size(); i++) {
            String at = path + "[" + i + "]";
            if (!json.get(i).isTextual()) {
                throw source.fault(
                        at, "must be a package, such as \"numpy\" or \"numpy==2.2.3\", not " + shown(json.get(i)));
            }
            Requirement requirement;
            try {
                requirement = Requirement.parse(json.get(i).textValue());
            } catch (IllegalArgumentException e) {
                throw new ConfigException(
                        source.name() + ": " + at,
                        e.getMessage() + "; write a name or name==version, such as \"numpy\" or \"numpy==2.2.3\"",
                        e);
            }
            Placed earlier = here.putIfAbsent(requirement.name(), new Placed(requirement, source.name() + ": " + at));
            if (earlier != null) {
                throw source.fault(
                        at,
                        earlier.requirement().equals(requirement)
                                ? requirement + " stands on this path already, at " + earlier.where()
                                        + "; remove one of them"
                                : requirement + " conflicts with " + earlier.requirement() + " on the same path, at "
                                        + earlier.where() + "; one process can hold one version");
            }
            packages.add(requirement);
        }
        return packages;
    }

    private static List<ZygoteTree.Node> included(
            JsonNode json, Source source, String path, Map<String, Placed> above, int depth) throws ConfigException {
        String at = path + ".include";
        JsonNode include = json.get("include");
        if (!include.isTextual() || include.textValue().isBlank()) {
            throw source.fault(at, "must be the path of a file, not " + shown(include));
        }
        if (json.has("packages") || json.has("children")) {
            throw source.fault(at, "a node that includes a file has no packages and no children of its own");
        }
        Path file;
        try {
            file = source.folder().resolve(include.textValue());
        } catch (InvalidPathException e) {
            throw new ConfigException(
                    source.name() + ": " + at, shown(include) + " is not a path: " + e.getReason(), e);
        }
        Source inner = source(file, source.files());
        Path same = inner.files().getLast();
        if (source.files().contains(same)) {
            throw source.fault(at, "files include each other in a circle: " + inner.files());
        }
        if (!Files.isRegularFile(file)) {
            throw source.fault(at, "there is no file " + same + "; the path is relative to the file that includes it");
        }
        JsonNode whole = parse(content(file, inner.name()), inner);
        boolean tree = depth > 0 && whole.isObject() && !whole.has("include") && isEmpty(whole.get("packages"));
        // A whole tree: its root is nothing that could stand below a node, but its children are.
        return tree
                ? nodes(whole, inner, "$", above, depth - 1).getFirst().children()
                : nodes(whole, inner, "$", above, depth);
    }

    /** OpenLambda writes an empty list as null. */
    private static boolean present(JsonNode json) {
        return json != null && !json.isNull();
    }

    private static boolean isEmpty(JsonNode list) {
        return !present(list) || (list.isArray() && list.isEmpty());
    }

    private static String shown(JsonNode json) {
        String text = json.toString();
        String type = json.getNodeType() == JsonNodeType.POJO
                ? "object"
                : json.getNodeType().name().toLowerCase(Locale.ROOT);
        return (text.length() <= 60 ? text : text.substring(0, 57) + "…") + " (" + type + ")";
    }

    private static String member(String key) {
        return key.matches("[A-Za-z_][A-Za-z0-9_]*") ? "." + key : "['" + key.replace("'", "\\'") + "']";
    }

    private static String nearest(String key) {
        return KEYS.stream()
                .filter(known -> !known.equals("split_generation"))
                .min((a, b) -> Integer.compare(distance(key, a), distance(key, b)))
                .orElseThrow();
    }

    /** How many letters must be added, removed or changed to make one word from the other. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (Character.toLowerCase(a.charAt(i - 1)) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
