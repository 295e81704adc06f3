package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.zygotes.launcher.measure.bench.ColdTable.What;
import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.CreationSteps.Step;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ColdTableTest {

    private static final long MS = 1_000_000;

    private final ColdTable table = new ColdTable();

    @Test
    void ratiosAreToTheLimitOfTheSameSetAndPace() {
        limit(PackageSet.PANDAS, Pace.BURST, What.HIT, 2 * MS);
        limit(PackageSet.PANDAS, Pace.SPACED, What.HIT, 4 * MS);
        table.add(PackageSet.PANDAS, Pace.BURST, What.HIT, 3 * MS);
        table.add(PackageSet.PANDAS, Pace.SPACED, What.HIT, 8 * MS);

        assertEquals(
                List.of(
                        new ColdRow("pandas", "burst", "limit", 1, 2, 2, 1, 1, null, null),
                        new ColdRow("pandas", "burst", "hit", 1, 3, 3, 1.5, 1.5, null, null),
                        new ColdRow("pandas", "spaced", "limit", 1, 4, 4, 1, 1, null, null),
                        new ColdRow("pandas", "spaced", "hit", 1, 8, 8, 2, 2, null, null)),
                table.rows());
    }

    @Test
    void sparesAreComparedToTheLimitOfTheirOwnMinutes() {
        limit(PackageSet.PANDAS, Pace.BURST, What.HIT, 2 * MS);
        limit(PackageSet.PANDAS, Pace.BURST, What.SPARE, 4 * MS);
        table.add(PackageSet.PANDAS, Pace.BURST, What.SPARE, 2 * MS);

        assertEquals(
                List.of(
                        new ColdRow("pandas", "burst", "limit", 1, 2, 2, 1, 1, null, null),
                        new ColdRow("pandas", "burst", "spare", 1, 2, 2, 0.5, 0.5, null, null)),
                table.rows());
    }

    @Test
    void rowsComeInTheOrderOfTheSetsWhateverWasMeasuredFirst() {
        limit(PackageSet.PANDAS, Pace.SPACED, What.HIT, MS);
        table.add(PackageSet.NONE, Pace.SPACED, What.NONE, MS);
        limit(PackageSet.NONE, Pace.SPACED, What.HIT, MS);
        limit(PackageSet.NONE, Pace.BURST, What.HIT, MS);

        assertEquals(
                List.of("(none) burst limit", "(none) spaced limit", "(none) spaced none", "pandas spaced limit"),
                table.rows().stream()
                        .map(row -> row.set() + " " + row.pace() + " " + row.what())
                        .toList());
    }

    @Test
    void theStepsOfACreationAddUpWithoutThePartsOfSteps() {
        limit(PackageSet.NONE, Pace.BURST, What.HIT, 10 * MS);
        table.addSteps(
                PackageSet.NONE,
                Pace.BURST,
                new CreationSteps(
                        List.of(new Step("first", 3 * MS), new Step("second", 2 * MS, List.of(new Step("part", MS))))));

        ColdRow create = table.rows().getLast();

        assertEquals("create", create.what());
        assertEquals(5, create.p50Ms());
        assertEquals(0.5, create.ofLimitP50());
        assertEquals(Map.of("first", 3.0, "second", 2.0), create.stepsP50Ms());
        assertEquals(List.of("first", "second"), List.copyOf(create.stepsP50Ms().keySet()));
        assertEquals(Map.of("second", Map.of("part", 1.0)), create.partsP50Ms());
    }

    @Test
    void theReportShowsPartsIndentedBelowTheirStep() {
        limit(PackageSet.NONE, Pace.BURST, What.HIT, 10 * MS);
        table.addSteps(
                PackageSet.NONE,
                Pace.BURST,
                new CreationSteps(
                        List.of(new Step("first", 2 * MS, List.of(new Step("part", MS))), new Step("second", 3 * MS))));
        StringWriter text = new StringWriter();

        BenchColdCommand.printSteps(table.rows().getLast(), new PrintWriter(text, true));

        assertEquals("""
              (none)
                   2.000  first
                     1.000  part
                   3.000  second
            """.indent(0), text.toString());
    }

    @Test
    void aMechanismThatDoesNotMeasureItsStepsHasNoRowOfThem() {
        limit(PackageSet.NONE, Pace.BURST, What.HIT, MS);
        table.addSteps(PackageSet.NONE, Pace.BURST, CreationSteps.NONE);

        assertEquals(List.of("limit"), table.rows().stream().map(ColdRow::what).toList());
    }

    @Test
    void onlyACreationHasSteps() {
        limit(PackageSet.NONE, Pace.BURST, What.HIT, MS);

        assertNull(table.rows().getFirst().stepsP50Ms());
        assertNull(table.rows().getFirst().partsP50Ms());
    }

    @Test
    void withoutItsLimitASetHasNoRows() {
        table.add(PackageSet.NONE, Pace.BURST, What.HIT, MS);

        assertEquals(List.of(), table.rows());
    }

    private void limit(PackageSet set, Pace pace, What beside, long nanos) {
        table.addLimit(set, pace, beside, List.of(nanos));
    }
}
