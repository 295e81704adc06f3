package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.plugin.tree.fit.TreeFitter.Settings;
import io.zygotes.plugin.tree.fit.TreeFitter.Versions;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.TreeWriter;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.PackageId;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TreeFitterTest {

    private static Trace.TracedPackage cost(String pinned, double millis, double megabytes, String... dependencies) {
        return new Trace.TracedPackage(
                PackageId.parse(pinned),
                List.of(dependencies).stream().map(Requirement::parse).toList(),
                OptionalDouble.of(millis),
                OptionalDouble.of(megabytes));
    }

    private static Trace.Calls calls(long count, String... pinned) {
        return new Trace.Calls(Set.of(pinned).stream().map(PackageId::parse).collect(Collectors.toSet()), count);
    }

    private static Settings nodes(int nodes) {
        return new Settings(nodes, OptionalDouble.empty(), Versions.PINNED, 0);
    }

    private static Trace sample(String part) throws Exception {
        return TraceReader.read(List.of(resource("reqbench-sample-" + part + ".jsonl.gz")))
                .trace();
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(TreeFitterTest.class
                .getResource("/io/zygotes/plugin/tree/fit/" + name)
                .toURI());
    }

    private static final Trace DATA = new Trace(
            List.of(
                    cost("numpy==1", 90, 14),
                    cost("numpy==2", 95, 15),
                    cost("pandas==2", 180, 33, "numpy==2", "pytz"),
                    cost("pytz==1", 3, 1),
                    cost("flask==3", 60, 8)),
            List.of(
                    calls(10, "pandas==2", "numpy==2", "pytz==1"),
                    calls(5, "numpy==1"),
                    calls(4, "numpy==2"),
                    calls(2, "flask==3")));

    @Test
    void theTreeHoldsWhatSavesMostWithDependenciesFirst() throws Exception {
        assertEquals("""
            (root)
            ├─ numpy==1
            └─ numpy==2
               └─ pytz==1, pandas==2
            """, TreeText.of(TreeFitter.tree(DATA, nodes(4))));
    }

    @Test
    void aTreeOfBareNamesServesAllVersionsAndLeavesCheapDependenciesUnnamed() throws Exception {
        ZygoteTree tree = TreeFitter.tree(DATA, new Settings(4, OptionalDouble.empty(), Versions.ANY, 0));
        assertEquals("""
            (root)
            ├─ numpy
            │  └─ pandas
            └─ flask
            """, TreeText.of(tree));
    }

    @Test
    void oneNodeIsTheRoot() throws Exception {
        assertEquals(1, TreeFitter.tree(DATA, nodes(1)).size());
    }

    @Test
    void nodesThatSaveNothingAreNotMade() throws Exception {
        int size = TreeFitter.tree(DATA, nodes(600)).size();
        assertTrue(size < 12, () -> "nodes: " + size);
        assertEquals(0, TreeFitter.fit(DATA, nodes(600)).training().importMillisLeft(), 1e-9);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -3})
    void lessThanOneNodeIsRefused(int nodes) {
        FitException error = assertThrows(FitException.class, () -> TreeFitter.tree(DATA, nodes(nodes)));
        assertTrue(error.getMessage().contains("at least 1 node"), error.getMessage());
    }

    @Test
    void memoryForNoNodeAtAllIsRefusedAndSaysWhatTheSmallestTakes() {
        FitException error = assertThrows(
                FitException.class,
                () -> TreeFitter.tree(DATA, new Settings(5, OptionalDouble.of(0.5), Versions.PINNED, 0)));
        assertTrue(error.getMessage().contains("1.000 MB"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN})
    void memoryThatIsNoneIsRefused(double megabytes) {
        FitException error = assertThrows(
                FitException.class,
                () -> TreeFitter.tree(DATA, new Settings(5, OptionalDouble.of(megabytes), Versions.PINNED, 0)));
        assertTrue(error.getMessage().contains("more than 0 MB"), error.getMessage());
    }

    @Test
    void packagesThatSeemToTakeNoMemoryDoNotHideThatNothingElseFits() {
        Trace trace = new Trace(
                List.of(cost("six==1", 1, 0), cost("numpy==2", 95, 15)),
                List.of(calls(3, "six==1"), calls(3, "numpy==2")));
        FitException error = assertThrows(
                FitException.class,
                () -> TreeFitter.tree(trace, new Settings(5, OptionalDouble.of(2), Versions.PINNED, 0)));
        assertTrue(error.getMessage().contains("15.000 MB"), error.getMessage());
    }

    @Test
    void aTraceWithoutMemoryCostsFitsIntoAny() throws Exception {
        Trace trace = new Trace(List.of(cost("six==1", 1, 0)), List.of(calls(3, "six==1")));
        assertEquals(
                2,
                TreeFitter.tree(trace, new Settings(5, OptionalDouble.of(2), Versions.PINNED, 0))
                        .size());
    }

    @Test
    void callsWithoutPackagesNeedNothingButTheRoot() throws Exception {
        TreeFitter.Fit fit = TreeFitter.fit(new Trace(List.of(), List.of(calls(9))), nodes(40));
        assertEquals(1, fit.tree().size());
        assertEquals(0, fit.training().importMillisTotal());
        assertEquals(0, fit.expected().orElseThrow().savedShare());
    }

    @Test
    void fewerThanFiveCallsGiveNoExpectation() throws Exception {
        Trace few = new Trace(List.of(cost("a==1", 1, 1)), List.of(calls(4, "a==1")));
        assertEquals(Optional.empty(), TreeFitter.fit(few, nodes(2)).expected());
    }

    @Test
    void packagesThatNeedEachOtherInACircleAreNoTrouble() throws Exception {
        Trace circle = new Trace(
                List.of(cost("a==1", 5, 1, "b"), cost("b==1", 7, 1, "a==1"), cost("c==1", 9, 1, "c", "a")),
                List.of(calls(3, "a==1", "b==1", "c==1"), calls(2, "a==1", "b==1")));
        for (Versions versions : Versions.values()) {
            ZygoteTree tree = TreeFitter.tree(circle, new Settings(3, OptionalDouble.empty(), versions, 0));
            assertEquals(0, TreeEvaluator.evaluate(tree, circle).importMillisLeft(), 1e-9);
        }
    }

    @Test
    void noPathIsLongerThanTheKernelAllows() throws Exception {
        List<Trace.TracedPackage> packages = new ArrayList<>();
        List<Trace.Calls> calls = new ArrayList<>();
        List<String> set = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            packages.add(cost("p" + i + "==1", 10, 1));
            set.add("p" + i + "==1");
            calls.add(calls(10, set.toArray(String[]::new)));
        }
        Trace trace = new Trace(packages, calls);
        ZygoteTree tree = TreeFitter.tree(trace, nodes(61));
        assertEquals(
                ZygoteTree.MAX_DEPTH - 1,
                tree.places().stream().mapToInt(ZygoteTree.Place::depth).max().orElseThrow());
        ZygoteTree small = TreeFitter.tree(trace, new Settings(61, OptionalDouble.of(60), Versions.PINNED, 0));
        assertTrue(TreeEvaluator.evaluate(small, trace).modelMb() <= 60);
    }

    @Test
    void theSameTraceAndSeedGiveTheSameTree() throws Exception {
        Trace train = sample("train");
        Settings settings = new Settings(60, OptionalDouble.of(150), Versions.PINNED, 5);
        assertEquals(
                TreeWriter.json(TreeFitter.tree(train, settings)),
                TreeWriter.json(TreeFitter.tree(sample("train"), settings)));
    }

    /** The sample is a third of a ReqBench trial; its two halves are different functions. */
    @ParameterizedTest
    @CsvSource({"20, 60, 0.78", "40, 150, 0.84", "160, 400, 0.90", "640, 500, 0.91"})
    void onCallsThatItHasNotSeenATreeOfRealFunctionsSavesMostOfTheTime(int nodes, double megabytes, double share)
            throws Exception {
        TreeFitter.Fit fit =
                TreeFitter.fit(sample("train"), new Settings(nodes, OptionalDouble.of(megabytes), Versions.PINNED, 0));
        Evaluation unseen = TreeEvaluator.evaluate(fit.tree(), sample("test"));
        assertAll(
                () -> assertTrue(fit.tree().size() <= nodes),
                () -> assertTrue(
                        fit.training().modelMb() <= megabytes + 1e-6,
                        () -> "memory " + fit.training().modelMb()),
                () -> assertTrue(unseen.savedShare() >= share, () -> "saved on unseen calls: " + unseen.savedShare()),
                () -> assertTrue(
                        fit.training().savedShare()
                                >= fit.expected().orElseThrow().savedShare(),
                        "seen calls are served better than unseen ones"),
                () -> assertEquals(
                        unseen.savedShare(),
                        fit.expected().orElseThrow().savedShare(),
                        0.12,
                        "the expectation is near to what unseen calls get"));
    }
}
