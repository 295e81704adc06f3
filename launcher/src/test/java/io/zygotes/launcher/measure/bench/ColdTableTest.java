package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.zygotes.launcher.measure.bench.ColdTable.What;
import java.util.LinkedHashMap;
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
                        new ColdRow("pandas", "burst", "limit", 1, 2, 2, 1, 1, null),
                        new ColdRow("pandas", "burst", "hit", 1, 3, 3, 1.5, 1.5, null),
                        new ColdRow("pandas", "spaced", "limit", 1, 4, 4, 1, 1, null),
                        new ColdRow("pandas", "spaced", "hit", 1, 8, 8, 2, 2, null)),
                table.rows());
    }

    @Test
    void sparesAreComparedToTheLimitOfTheirOwnMinutes() {
        limit(PackageSet.PANDAS, Pace.BURST, What.HIT, 2 * MS);
        limit(PackageSet.PANDAS, Pace.BURST, What.SPARE, 4 * MS);
        table.add(PackageSet.PANDAS, Pace.BURST, What.SPARE, 2 * MS);

        assertEquals(
                List.of(
                        new ColdRow("pandas", "burst", "limit", 1, 2, 2, 1, 1, null),
                        new ColdRow("pandas", "burst", "spare", 1, 2, 2, 0.5, 0.5, null)),
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
        Map<String, Long> steps = new LinkedHashMap<>();
        steps.put("clone", 3 * MS);
        steps.put("ready", 2 * MS);
        steps.put("of that, import", MS);
        limit(PackageSet.NONE, Pace.BURST, What.HIT, 10 * MS);
        table.addSteps(PackageSet.NONE, Pace.BURST, steps);

        ColdRow create = table.rows().getLast();

        assertEquals("create", create.what());
        assertEquals(5, create.p50Ms());
        assertEquals(0.5, create.ofLimitP50());
        assertEquals(Map.of("clone", 3.0, "ready", 2.0, "of that, import", 1.0), create.stepsP50Ms());
        assertEquals(
                List.of("clone", "ready", "of that, import"),
                List.copyOf(create.stepsP50Ms().keySet()));
    }

    @Test
    void onlyACreationHasSteps() {
        limit(PackageSet.NONE, Pace.BURST, What.HIT, MS);

        assertNull(table.rows().getFirst().stepsP50Ms());
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
