package io.zygotes.plugin.tree.model;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A tree of zygotes to be. Its nodes are numbered from the root, 0, in the order of the file: a node before its
 * children, a child's whole subtree before the next child.
 */
public final class ZygoteTree {

    /**
     * The most zygotes from the root to a leaf of the tree, both counted. A zygote's children may live in user
     * namespaces below its own, and the kernel nests those 32 deep (user_namespaces(7)); some levels are left for the
     * container that the worker may run in and for the lambda's sandbox.
     */
    public static final int MAX_DEPTH = 25;

    /**
     * A node as the file has it.
     *
     * @param packages what it adds to its parent, in import order; empty for the root
     * @param children the nodes below
     */
    public record Node(List<Requirement> packages, List<Node> children) {

        /** Copies the lists. */
        public Node {
            packages = List.copyOf(packages);
            children = List.copyOf(children);
        }
    }

    /**
     * A node at its place in the tree.
     *
     * @param index its number; the root has 0
     * @param parent the parent's number; -1 for the root
     * @param depth how many nodes are above it; the root has 0
     * @param node the node
     * @param path the packages of all nodes from the root down to this one, in import order
     */
    public record Place(int index, int parent, int depth, Node node, List<Requirement> path) {

        /** Copies the list. */
        public Place {
            Objects.requireNonNull(node);
            path = List.copyOf(path);
        }
    }

    private final Node root;
    private final List<Place> places;

    /**
     * Checks and numbers a tree.
     *
     * @throws IllegalArgumentException if the root has packages, a name stands twice on one path, or a path is longer
     *     than {@link #MAX_DEPTH}
     */
    public ZygoteTree(Node root) {
        this.root = Objects.requireNonNull(root);
        if (!root.packages().isEmpty()) {
            throw new IllegalArgumentException("the root must have no packages, it has " + root.packages());
        }
        List<Place> all = new ArrayList<>();
        number(root, -1, 0, List.of(), all);
        places = List.copyOf(all);
    }

    private static void number(Node node, int parent, int depth, List<Requirement> above, List<Place> all) {
        if (depth >= MAX_DEPTH) {
            throw new IllegalArgumentException("a path is longer than " + MAX_DEPTH + " zygotes: " + above);
        }
        List<Requirement> path = new ArrayList<>(above);
        path.addAll(node.packages());
        Set<String> names = new HashSet<>();
        for (Requirement requirement : path) {
            if (!names.add(requirement.name())) {
                throw new IllegalArgumentException(requirement.name() + " stands twice on one path: " + path);
            }
        }
        int index = all.size();
        all.add(new Place(index, parent, depth, node, path));
        for (Node child : node.children()) {
            number(child, index, depth + 1, path, all);
        }
    }

    /** The root. */
    public Node root() {
        return root;
    }

    /** All nodes, by number. */
    public List<Place> places() {
        return places;
    }

    /** How many nodes it has, the root included. */
    public int size() {
        return places.size();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ZygoteTree tree && root.equals(tree.root);
    }

    @Override
    public int hashCode() {
        return root.hashCode();
    }

    @Override
    public String toString() {
        return TreeText.of(this);
    }
}
