package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.PackageId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TreeEvaluatorTest {

    private static Trace.TracedPackage cost(String pinned, double millis, double megabytes) {
        return new Trace.TracedPackage(
                PackageId.parse(pinned), List.of(), OptionalDouble.of(millis), OptionalDouble.of(megabytes));
    }

    private static Trace.Calls calls(long count, String... pinned) {
        return new Trace.Calls(Set.of(pinned).stream().map(PackageId::parse).collect(Collectors.toSet()), count);
    }

    private static ZygoteTree tree(String json) throws Exception {
        return TreeReader.text(json, "t.json", Path.of("."));
    }

    private static final Trace TRACE = new Trace(
            List.of(cost("a==1", 10, 1), cost("a==2", 20, 2), cost("b==1", 100, 30), cost("c==1", 5, 4)),
            List.of(calls(3, "a==1", "b==1"), calls(1, "a==2", "c==1"), calls(6)));

    @Test
    void everyCallIsServedByTheFittingNodeThatSavesMost() throws Exception {
        Evaluation evaluation = TreeEvaluator.evaluate(tree("""
            {"children": [{"packages": ["a==1"], "children": [{"packages": ["b==1"]}]}, {"packages": ["c"]}]}\
            """), TRACE);
        assertAll(
                () -> assertEquals((3 * 110 + 25) / 10.0, evaluation.importMillisTotal(), 1e-9),
                () -> assertEquals(20 / 10.0, evaluation.importMillisLeft(), 1e-9),
                () -> assertEquals(1 - 2 / 35.5, evaluation.savedShare(), 1e-9),
                () -> assertEquals(0.4, evaluation.nonRootShare(), 1e-9),
                () -> assertEquals(List.of(6L, 0L, 3L, 1L), evaluation.hits()),
                () -> assertEquals(4, evaluation.nodes()),
                () -> assertEquals(3, evaluation.nodesUsed()),
                () -> assertEquals(1 + 30 + 4, evaluation.modelMb(), 1e-9),
                () -> assertEquals(35.5, evaluation.fields().get("import_ms_total")),
                () -> assertEquals(2.0, evaluation.fields().get("import_ms_left")));
    }

    @Test
    void aBareNameSavesWhatThePinnedVersionCosts() throws Exception {
        Evaluation evaluation = TreeEvaluator.evaluate(tree("{\"children\": [{\"packages\": [\"a\"]}]}"), TRACE);
        assertEquals(35.5 - (3 * 10 + 20) / 10.0, evaluation.importMillisLeft(), 1e-9);
        assertEquals((3 * 1 + 2) / 4.0, evaluation.modelMb(), 1e-9);
    }

    @Test
    void aNodeWithOnePackageTooManyServesNobody() throws Exception {
        Evaluation evaluation = TreeEvaluator.evaluate(tree("{\"children\": [{\"packages\": [\"a\", \"x\"]}]}"), TRACE);
        assertEquals(0, evaluation.nonRootShare());
        assertEquals(1, evaluation.unknownPackages());
    }

    @Test
    void theResultIsWhatTryingEveryNodeGives() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            List<Trace.TracedPackage> packages = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                packages.add(cost("p" + i + "==" + random.nextInt(2), random.nextInt(50), random.nextInt(9)));
            }
            List<Trace.Calls> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                calls.add(calls(
                        1 + random.nextInt(5),
                        packages.stream()
                                .filter(p -> random.nextBoolean())
                                .map(p -> p.id().toString())
                                .toArray(String[]::new)));
            }
            Trace trace = new Trace(packages, calls);
            List<ZygoteTree.Node> nodes = new ArrayList<>();
            for (Trace.TracedPackage each : packages) {
                ZygoteTree.Node below =
                        new ZygoteTree.Node(List.of(Requirement.parse("p" + random.nextInt(8))), List.of());
                boolean same =
                        below.packages().getFirst().name().equals(each.id().name());
                nodes.add(new ZygoteTree.Node(List.of(Requirement.of(each.id())), same ? List.of() : List.of(below)));
            }
            ZygoteTree tree = new ZygoteTree(new ZygoteTree.Node(List.of(), nodes));
            double left = 0;
            long count = 0;
            for (Trace.Calls each : calls) {
                double all = each.packages().stream()
                        .mapToDouble(id -> trace.cost(id).millis())
                        .sum();
                double best = 0;
                for (ZygoteTree.Place place : tree.places()) {
                    List<Optional<PackageId>> found = place.path().stream()
                            .map(r ->
                                    each.packages().stream().filter(r::matches).findFirst())
                            .toList();
                    if (found.stream().allMatch(Optional::isPresent)) {
                        best = Math.max(
                                best,
                                found.stream()
                                        .mapToDouble(id ->
                                                trace.cost(id.orElseThrow()).millis())
                                        .sum());
                    }
                }
                left += (all - best) * each.count();
                count += each.count();
            }
            assertEquals(left / count, TreeEvaluator.evaluate(tree, trace).importMillisLeft(), 1e-9);
        }
    }

    @Test
    void aReportMarksWhatIsUnfitForZygotes() throws Exception {
        ZygoteTree tree = tree("{\"children\": [{\"packages\": [\"a\", \"b==1\"]}, {\"packages\": [\"c\"]}]}");
        Map<PackageId, String> unfit = Map.of(
                PackageId.parse("a==2"), "it keeps a socket open", PackageId.parse("b==7"), "it starts threads (x)");
        assertEquals("""
            (root)
            ├─ a, b==1  unfit
            └─ c
            a==2 is unfit for zygotes: it keeps a socket open. The worker makes no zygote with it, and so none of \
            this node and those below it
            """, TreeReport.text(tree, Optional.empty(), unfit));
    }

    @Test
    void aTraceWithoutAPackageIsWithoutWhatNeedsItAsWell() {
        Trace.TracedPackage needs = new Trace.TracedPackage(
                PackageId.parse("d==1"),
                List.of(Requirement.parse("a==1")),
                OptionalDouble.of(1),
                OptionalDouble.of(1));
        Trace.TracedPackage needsThat = new Trace.TracedPackage(
                PackageId.parse("e==1"), List.of(Requirement.parse("d")), OptionalDouble.of(1), OptionalDouble.of(1));
        Trace trace = new Trace(
                List.of(cost("a==1", 10, 1), cost("b==1", 100, 30), needs, needsThat),
                List.of(calls(3, "a==1", "b==1", "d==1", "e==1"), calls(2, "b==1"), calls(1, "a==2", "d==1")));
        PackageId unfit = PackageId.parse("a==1");
        assertEquals(
                Set.of(calls(5, "b==1"), calls(1, "a==2", "d==1")),
                Set.copyOf(trace.without(unfit::equals).calls()));
        assertEquals(trace.calls(), trace.without(id -> false).calls());
    }

    @Test
    void aReportShowsCostsAndHits() throws Exception {
        ZygoteTree tree = tree("{\"children\": [{\"packages\": [\"b==1\"]}]}");
        assertEquals("""
            (root)       0.0 ms    0.0 MB      7 calls
            └─ b==1    100.0 ms   30.0 MB      3 calls
            """, TreeReport.text(tree, Optional.of(TRACE), Map.of()));
        assertEquals(
                List.of(
                        "2 nodes, 30.0 MB; a call imports %.1f ms instead of %.1f ms"
                                .formatted(
                                        TreeEvaluator.evaluate(tree, TRACE).importMillisLeft(),
                                        TreeEvaluator.evaluate(tree, TRACE).importMillisTotal()),
                        "ms",
                        "MB",
                        "calls",
                        "(root)",
                        "0.0",
                        "0.0",
                        "7",
                        "b==1",
                        "100.0",
                        "30.0",
                        "3"),
                texts(TreeReport.svg(tree, Optional.of(TRACE)), "text"));
        assertEquals(List.of("2 nodes", "(root)", "b==1"), texts(TreeReport.svg(tree, Optional.empty()), "text"));
    }

    private static List<String> texts(String svg, String element) {
        assertTrue(svg.startsWith("<svg ") && svg.endsWith("</svg>\n"), svg);
        return Pattern.compile("<" + element + "[^>]*>([^<]*)</" + element + ">")
                .matcher(svg)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void aPictureShowsTheLastOfManyPackagesAndAllInTheTooltip() throws Exception {
        String many = IntStream.range(0, 40)
                .mapToObj(i -> "\"dependency-" + i + "==1\"")
                .collect(Collectors.joining(", "));
        String name = "x".repeat(200);
        String svg = TreeReport.svg(
                tree("{\"children\": [{\"packages\": [" + many + ", \"pandas==2\"]}, {\"packages\": [\"" + name
                        + "\"]}]}"),
                Optional.empty());
        assertEquals(
                List.of(
                        "3 nodes",
                        "(root)",
                        "pandas==2, dependency-39==1, dependency-38==1, … 38 more",
                        "x".repeat(69) + "…"),
                texts(svg, "text"));
        assertTrue(texts(svg, "title").get(1).startsWith("dependency-0==1, dependency-1==1, "));
        assertTrue(texts(svg, "title").get(1).endsWith(", pandas==2"));
        assertEquals(name, texts(svg, "title").get(2));
    }

    @Test
    void aTextBreaksLongListsBehindAPackage() throws Exception {
        String many =
                IntStream.range(10, 22).mapToObj(i -> "\"package-" + i + "\"").collect(Collectors.joining(", "));
        ZygoteTree tree = tree("{\"children\": [{\"packages\": [" + many
                + "], \"children\": [{\"packages\": [\"last\"]}]}, {\"packages\": [" + many + "]}]}");
        assertEquals("""
            (root)
            ├─ package-10, package-11, package-12, package-13, package-14, package-15,
            │  │ package-16, package-17, package-18, package-19, package-20, package-21
            │  └─ last
            └─ package-10, package-11, package-12, package-13, package-14, package-15,
                 package-16, package-17, package-18, package-19, package-20, package-21
            """, TreeText.of(tree));
    }

    @Test
    void aDifferenceComparesWholePathsWhereverTheyStand() throws Exception {
        TreeDiff diff = TreeDiff.of(
                tree("{\"children\": [{\"packages\": [\"a\"], \"children\": [{\"packages\": [\"b\"]}]},"
                        + " {\"packages\": [\"c\"]}]}"),
                tree("{\"children\": [{\"packages\": [\"b\", \"a\"]}, {\"packages\": [\"c==1\"]}]}"));
        assertEquals("- a\n- c\n+ c==1\n2 nodes in both, 2 removed, 1 added\n", diff.text());
    }
}
