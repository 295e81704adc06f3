package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What differs between two trees. Nodes are the same if their packages, ancestors included, are: they can share a
 * zygote, wherever they stand.
 *
 * @param shared nodes of the first tree that the second has, too
 * @param removed nodes that only the first tree has
 * @param added nodes that only the second tree has
 */
public record TreeDiff(List<ZygoteTree.Place> shared, List<ZygoteTree.Place> removed, List<ZygoteTree.Place> added) {

    /** Copies the lists. */
    public TreeDiff {
        shared = List.copyOf(shared);
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    /** Compares two trees. */
    public static TreeDiff of(ZygoteTree first, ZygoteTree second) {
        Map<Set<Requirement>, ZygoteTree.Place> before = bySet(first);
        Map<Set<Requirement>, ZygoteTree.Place> after = bySet(second);
        return new TreeDiff(
                before.keySet().stream()
                        .filter(after::containsKey)
                        .map(before::get)
                        .toList(),
                before.keySet().stream()
                        .filter(set -> !after.containsKey(set))
                        .map(before::get)
                        .toList(),
                after.keySet().stream()
                        .filter(set -> !before.containsKey(set))
                        .map(after::get)
                        .toList());
    }

    private static Map<Set<Requirement>, ZygoteTree.Place> bySet(ZygoteTree tree) {
        Map<Set<Requirement>, ZygoteTree.Place> places = new LinkedHashMap<>();
        tree.places().forEach(place -> places.putIfAbsent(new LinkedHashSet<>(place.path()), place));
        return places;
    }

    /**
     * One line a node that differs, {@code -} or {@code +} with all packages of its path, and a line with the counts.
     */
    public String text() {
        StringBuilder text = new StringBuilder();
        removed.forEach(place -> text.append("- ").append(line(place)).append('\n'));
        added.forEach(place -> text.append("+ ").append(line(place)).append('\n'));
        return text.append(shared.size())
                .append(" nodes in both, ")
                .append(removed.size())
                .append(" removed, ")
                .append(added.size())
                .append(" added\n")
                .toString();
    }

    private static String line(ZygoteTree.Place place) {
        return place.path().isEmpty()
                ? "(root)"
                : place.path().stream().map(Requirement::toString).sorted().collect(Collectors.joining(", "));
    }
}
