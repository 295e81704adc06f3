package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a package does in plain Python, seen twice, to be compared with what it does elsewhere. What is not the same
 * both times says nothing.
 *
 * @param plain what was seen
 * @param again what was seen in another process
 * @param untouched what plain Python looks like without the package
 */
record Comparison(Observation plain, Observation again, Observation untouched) {

    /** What {@link Difference#what} says of what was printed while the package was imported. */
    static final String OUTPUT_OF_IMPORT = "output of the import";

    /**
     * What differs, but for the attributes.
     *
     * @param here what was seen in a leaf
     * @param other the same in another leaf, whose random numbers must be others; empty for a process of its own
     * @param untouchedHere what a leaf looks like without the package
     */
    List<Difference> differences(Observation here, Optional<Observation> other, Observation untouchedHere) {
        List<Difference> found = new ArrayList<>();
        if (plain.failure().isPresent() || here.failure().isPresent()) {
            String expected = plain.failure().orElse("");
            String seen = here.failure().orElse("");
            return expected.isEmpty() == seen.isEmpty()
                    ? List.of()
                    : List.of(new Difference("the whole", said(expected), said(seen)));
        }
        compare("import", found, here, 0, "imports");
        compare(OUTPUT_OF_IMPORT, found, here, 0, "import_output");
        found.addAll(missingModules(here));
        found.addAll(surroundings("the import", 0, "after_import", here, untouchedHere));
        for (int call = 0; call < plain.calls().size(); call++) {
            String name = call == 0 ? "the first call" : "the second call";
            compare("result of " + name, found, here, call, "result");
            compare("output of " + name, found, here, call, "output");
            found.addAll(without(found, surroundings(name, call, "after_call", here, untouchedHere)));
        }
        compare("import in a child process", found, here, 0, "child");
        compare("exit of a child process", found, here, 0, "exit");
        other.ifPresent(each -> found.addAll(repeatedNumbers(here, each)));
        return found;
    }

    /** Whether any of its modules can be imported there. */
    boolean worksInPlainPython() {
        return Observation.lines(plain.first().path("imports")).contains("ok");
    }

    private static String said(String failure) {
        return failure.isEmpty() ? "answers" : failure;
    }

    private void compare(String what, List<Difference> found, Observation here, int call, String field) {
        String expected = Observation.text(plain.calls().get(call).path(field));
        String second = Observation.text(
                again.calls().size() > call ? again.calls().get(call).path(field) : plain.first());
        String seen = Observation.text(here.calls().get(call).path(field));
        if (expected.equals(second) && !expected.equals(seen)) {
            found.add(new Difference(what, expected, seen));
        }
    }

    private List<Difference> missingModules(Observation here) {
        Set<String> missing = new TreeSet<>(Observation.texts(plain.first().path("modules")));
        missing.retainAll(Observation.texts(again.first().path("modules")));
        missing.removeAll(Observation.texts(untouched.first().path("modules")));
        missing.removeAll(Observation.texts(here.first().path("modules")));
        return missing.isEmpty()
                ? List.of()
                : List.of(new Difference("loaded modules", String.join(", ", missing), ""));
    }

    private List<Difference> surroundings(
            String when, int call, String field, Observation here, Observation untouchedHere) {
        return changes(plain, untouched, call, field)
                .differences(when, changes(again, untouched, call, field), changes(here, untouchedHere, call, field));
    }

    private static Surroundings changes(Observation seen, Observation untouched, int call, String field) {
        JsonNode before = untouched.calls().get(call).path(field);
        return Surroundings.of(before, seen.calls().get(call).path(field));
    }

    /** What was different after the import, and still is after a call, is told once. */
    private static List<Difference> without(List<Difference> told, List<Difference> more) {
        Set<String> known = new HashSet<>();
        told.forEach(each -> known.add(kind(each) + each.plain() + "\n" + each.here()));
        return more.stream()
                .filter(each -> !known.contains(kind(each) + each.plain() + "\n" + each.here()))
                .toList();
    }

    private static String kind(Difference difference) {
        return difference.what().replaceFirst(" after .*", "");
    }

    /** Generators that were seeded while they were imported would be the same in each fork. */
    private List<Difference> repeatedNumbers(Observation here, Observation other) {
        if (other.failure().isPresent()) {
            return List.of(
                    new Difference("another leaf", "answers", other.failure().orElseThrow()));
        }
        long expected = repeated(plain, again);
        long seen = repeated(here, other);
        return seen <= expected
                ? List.of()
                : List.of(new Difference(
                        "random numbers",
                        expected + " generators with the same in each process",
                        String.valueOf(seen)));
    }

    private static long repeated(Observation first, Observation second) {
        List<String> numbers = new ArrayList<>(Observation.lines(first.first().path("random")));
        long count = 0;
        for (String number : Observation.lines(second.first().path("random"))) {
            count += numbers.remove(number) ? 1 : 0;
        }
        return count;
    }

    /** As {@link Attributes}. */
    Attributes attributes(Observation here) {
        return new Attributes(
                plain.first().path("attributes"),
                again.first().path("attributes"),
                here.first().path("attributes"));
    }

    /** Those that another comparison found, too, by what they are of. */
    static List<Difference> left(List<Difference> differences, List<Difference> others) {
        Set<String> texts = new HashSet<>();
        others.forEach(each -> texts.add(each.what()));
        List<Difference> left = new ArrayList<>(differences);
        left.removeIf(each -> !texts.contains(each.what()));
        return Collections.unmodifiableList(left);
    }
}
