package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * What packages are checked under.
 *
 * @param name what the report calls it
 * @param importCache the import cache
 * @param tree its tree; empty for the one of the settings
 */
record Strategy(String name, String importCache, Optional<ObjectNode> tree) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** No zygotes: each leaf is a fresh process. */
    static final Strategy NONE = new Strategy("none", "", Optional.empty());

    /** The tree of the settings. */
    static final Strategy TREE = new Strategy("tree", "tree", Optional.empty());

    /** A tree with a node for each package: it, and what it needs. */
    static Strategy nodes(List<Subject> subjects) {
        ObjectNode root = JSON.createObjectNode();
        root.putArray("packages");
        ArrayNode children = root.putArray("children");
        for (Subject subject : subjects) {
            ObjectNode child = children.addObject();
            child.putArray("packages").add(subject.name() + "==" + subject.version());
            child.putArray("children");
        }
        return new Strategy("node", "tree", Optional.of(root));
    }

    /** Whether a zygote of it holds every package that is fit for one. */
    boolean hasAll() {
        return name.equals("node");
    }
}
