package io.zygotes.plugin.tree.model;

import io.zygotes.spi.CacheShape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/** Draws trees with lines of text. */
public final class TreeText {

    /** What stands for a live zygote. */
    private static final String LIVE = "●";

    /** Lines are broken behind a package before they get longer; of deep trees only as far as there is room. */
    private static final int WIDTH = 80;

    private static final int LEAST_ROOM = 30;

    private record Line(String label, String note) {}

    private record Drawn(String label, String note, List<Drawn> children) {}

    private TreeText() {}

    /** The tree, one node a line, or more if it has many packages. */
    public static String of(ZygoteTree tree) {
        return of(tree, index -> "");
    }

    /**
     * The same, each node with a note behind its first line; notes stand in one column.
     *
     * @param tree the tree
     * @param notes the note for the node with that number; empty for none
     */
    public static String of(ZygoteTree tree, IntFunction<String> notes) {
        return draw(List.of(drawn(tree, 0, notes, children(tree))));
    }

    private static List<List<Integer>> children(ZygoteTree tree) {
        List<List<Integer>> below = new ArrayList<>();
        for (ZygoteTree.Place place : tree.places()) {
            below.add(new ArrayList<>());
            if (place.parent() >= 0) {
                below.get(place.parent()).add(place.index());
            }
        }
        return below;
    }

    private static Drawn drawn(ZygoteTree tree, int index, IntFunction<String> notes, List<List<Integer>> below) {
        List<String> packages = tree.places().get(index).node().packages().stream()
                .map(Requirement::toString)
                .toList();
        return new Drawn(
                label(packages, index == 0),
                notes.apply(index),
                below.get(index).stream()
                        .map(child -> drawn(tree, child, notes, below))
                        .toList());
    }

    /** What a running cache looks like: each node with a mark for every live zygote, and its hits. */
    public static String of(CacheShape shape) {
        if (shape.roots().isEmpty()) {
            return "(no zygotes)\n";
        }
        return draw(shape.roots().stream().map(root -> drawn(root, true)).toList());
    }

    private static Drawn drawn(CacheShape.Node node, boolean root) {
        List<String> notes = new ArrayList<>();
        if (!node.zygotes().isEmpty()) {
            notes.add(LIVE.repeat(Math.min(node.zygotes().size(), 8)) + " "
                    + node.zygotes().stream().map(CacheShape.Live::id).limit(8).collect(Collectors.joining(" ")));
        }
        if (node.hits() > 0) {
            notes.add(node.hits() + (node.hits() == 1 ? " hit" : " hits"));
        }
        return new Drawn(
                label(node.packages(), root),
                String.join("  ", notes),
                node.children().stream().map(child -> drawn(child, false)).toList());
    }

    private static String label(List<String> packages, boolean root) {
        return packages.isEmpty() ? (root ? "(root)" : "(nothing more)") : String.join(", ", packages);
    }

    private static String draw(List<Drawn> roots) {
        List<Line> lines = new ArrayList<>();
        for (Drawn root : roots) {
            draw(root, "", "", lines);
        }
        int column = lines.stream()
                        .filter(line -> !line.note().isEmpty())
                        .mapToInt(line -> Math.min(line.label().length(), WIDTH))
                        .max()
                        .orElse(0)
                + 2;
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(line.label());
            if (!line.note().isEmpty()) {
                text.repeat(' ', Math.max(2, column - line.label().length())).append(line.note());
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static void draw(Drawn node, String branch, String indent, List<Line> lines) {
        List<String> parts = broken(node.label(), Math.max(LEAST_ROOM, WIDTH - branch.length()));
        lines.add(new Line(branch + parts.getFirst(), node.note()));
        String below = indent + (node.children().isEmpty() ? "  " : "│ ");
        parts.stream().skip(1).forEach(part -> lines.add(new Line(below + part, "")));
        for (int i = 0; i < node.children().size(); i++) {
            boolean last = i == node.children().size() - 1;
            draw(node.children().get(i), indent + (last ? "└─ " : "├─ "), indent + (last ? "   " : "│  "), lines);
        }
    }

    private static List<String> broken(String label, int room) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : label.split("(?<=, )")) {
            if (!line.isEmpty() && line.length() + word.stripTrailing().length() > room) {
                lines.add(line.toString().stripTrailing());
                line.setLength(0);
            }
            line.append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
