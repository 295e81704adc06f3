package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What an import or a call changed around itself: environment, files, signals, threads and all else that the probe
 * looks at, as lines "kind: what". A sandbox has other surroundings than plain Python from the start, so what is
 * compared is how they became others than those of a process that has imported nothing.
 */
final class Surroundings {

    private final Map<String, Change> changes;

    private Surroundings(Map<String, Change> changes) {
        this.changes = changes;
    }

    /** What became another in one kind of thing; the lines are sorted. */
    private record Change(List<String> added, List<String> removed) {

        String text() {
            return added.stream().map(line -> "+" + line).collect(Collectors.joining(" "))
                    + (added.isEmpty() || removed.isEmpty() ? "" : " ")
                    + removed.stream().map(line -> "-" + line).collect(Collectors.joining(" "));
        }

        boolean isAsLong(Change other) {
            return added.size() == other.added.size() && removed.size() == other.removed.size();
        }
    }

    private static final Change NONE = new Change(List.of(), List.of());

    /**
     * What changed.
     *
     * @param untouched the lines of a process of the same kind that has imported nothing
     * @param now the lines
     */
    static Surroundings of(JsonNode untouched, JsonNode now) {
        Map<String, List<String>> before = byKind(untouched);
        Map<String, List<String>> after = byKind(now);
        Map<String, Change> changes = new TreeMap<>();
        after.forEach((kind, lines) -> {
            List<String> added = new ArrayList<>(lines);
            List<String> removed = new ArrayList<>(before.getOrDefault(kind, List.of()));
            for (String line : lines) {
                if (removed.remove(line)) {
                    added.remove(line);
                }
            }
            changes.put(kind, new Change(added, removed));
        });
        before.forEach((kind, lines) -> changes.putIfAbsent(kind, new Change(List.of(), lines)));
        return new Surroundings(changes);
    }

    private static Map<String, List<String>> byKind(JsonNode lines) {
        Map<String, List<String>> found = new TreeMap<>();
        for (JsonNode line : lines) {
            int colon = line.asText().indexOf(": ");
            found.computeIfAbsent(line.asText().substring(0, colon), kind -> new ArrayList<>())
                    .add(line.asText().substring(colon + 2));
        }
        return found;
    }

    /**
     * What is not as here elsewhere. Where two runs of the same are not alike (a name with random letters), only how
     * many lines there are counts, if that is the same at least.
     *
     * @param when what the differences are called after
     * @param again the same once more
     * @param there where it was done elsewhere
     */
    List<Difference> differences(String when, Surroundings again, Surroundings there) {
        List<Difference> found = new ArrayList<>();
        changes.forEach((kind, change) -> {
            Change second = again.changes.getOrDefault(kind, NONE);
            Change other = there.changes.getOrDefault(kind, NONE);
            boolean same =
                    change.equals(second) ? change.equals(other) : !change.isAsLong(second) || change.isAsLong(other);
            if (!same) {
                found.add(new Difference(kind + " after " + when, change.text(), other.text()));
            }
        });
        there.changes.forEach((kind, other) -> {
            if (!changes.containsKey(kind) && !other.equals(NONE)) {
                found.add(new Difference(kind + " after " + when, "", other.text()));
            }
        });
        return found;
    }
}
