package io.zygotes.plugin.tree.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import io.zygotes.spi.ConfigException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Makes the nodes of a tree from JSON, with those of the files that it includes; says of every fault where it stands.
 */
final class NodeReader {

    /** {@code split_generation} is in trees that OpenLambda made; it means nothing here. */
    private static final List<String> KEYS = List.of("packages", "children", "include", "split_generation");

    /** A package of a node above, and the place where it stands. */
    private record Placed(Requirement requirement, String where) {}

    private NodeReader() {}

    /** Reads a whole tree. */
    static ZygoteTree tree(JsonNode json, TreeSource source, String path) throws ConfigException {
        return new ZygoteTree(nodes(json, source, path, new HashMap<>(), 0).getFirst());
    }

    /**
     * The node, or for an included whole tree its children.
     *
     * @param above the packages of the nodes above, each with the place where it stands
     */
    private static List<ZygoteTree.Node> nodes(
            JsonNode json, TreeSource source, String path, Map<String, Placed> above, int depth)
            throws ConfigException {
        checkKeys(json, source, path);
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
        return List.of(new ZygoteTree.Node(packages, children(json.get("children"), source, path, here, depth)));
    }

    private static void checkKeys(JsonNode json, TreeSource source, String path) throws ConfigException {
        if (!json.isObject()) {
            throw source.fault(path, "must be an object with packages and children, not " + shown(json));
        }
        for (String key : (Iterable<String>) json::fieldNames) {
            if (!KEYS.contains(key)) {
                throw source.fault(
                        path + member(key), "unknown key '" + key + "', did you mean '" + nearest(key) + "'?");
            }
        }
    }

    private static List<ZygoteTree.Node> children(
            JsonNode json, TreeSource source, String path, Map<String, Placed> here, int depth) throws ConfigException {
        List<ZygoteTree.Node> children = new ArrayList<>();
        if (present(json)) {
            if (!json.isArray()) {
                throw source.fault(path + ".children", "must be a list of nodes, not " + shown(json));
            }
            for (int i = 0; i < json.size(); i++) {
                children.addAll(nodes(json.get(i), source, path + ".children[" + i + "]", here, depth + 1));
            }
        }
        return children;
    }

    private static List<Requirement> packages(
            JsonNode json, TreeSource source, String path, Map<String, Placed> here, int depth) throws ConfigException {
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
            Requirement requirement = requirement(json.get(i), source, at);
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

    private static Requirement requirement(JsonNode json, TreeSource source, String at) throws ConfigException {
        if (!json.isTextual()) {
            throw source.fault(at, "must be a package, such as \"numpy\" or \"numpy==2.2.3\", not " + shown(json));
        }
        try {
            return Requirement.parse(json.textValue());
        } catch (IllegalArgumentException e) {
            throw source.fault(
                    at, e.getMessage() + "; write a name or name==version, such as \"numpy\" or \"numpy==2.2.3\"", e);
        }
    }

    private static List<ZygoteTree.Node> included(
            JsonNode json, TreeSource source, String path, Map<String, Placed> above, int depth)
            throws ConfigException {
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
            throw source.fault(at, shown(include) + " is not a path: " + e.getReason(), e);
        }
        TreeSource inner = source.including(file);
        Path same = inner.files().getLast();
        if (source.files().contains(same)) {
            throw source.fault(at, "files include each other in a circle: " + inner.files());
        }
        if (!Files.isRegularFile(file)) {
            throw source.fault(at, "there is no file " + same + "; the path is relative to the file that includes it");
        }
        JsonNode whole = inner.read(file);
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
