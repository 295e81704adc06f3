package io.zygotes.launcher.measure.bench;

import java.util.List;
import java.util.Objects;

/**
 * What {@code bench start} found.
 *
 * @param rounds how many calls of each kind were measured; of those without zygotes fewer
 * @param rows one for each function
 * @param hitOfFloorMedian the median of all functions; null if none was measured
 * @param hitOfFloorWorst the largest of all functions; null if none was measured
 */
record StartReport(int rounds, List<StartRow> rows, Double hitOfFloorMedian, Double hitOfFloorWorst) {

    /** Copies the list. */
    StartReport {
        rows = List.copyOf(rows);
    }

    static StartReport of(int rounds, List<StartRow> rows) {
        List<Double> ratios = rows.stream()
                .map(StartRow::hitOfFloor)
                .filter(Objects::nonNull)
                .sorted()
                .toList();
        return ratios.isEmpty()
                ? new StartReport(rounds, rows, null, null)
                : new StartReport(rounds, rows, ratios.get((ratios.size() - 1) / 2), ratios.getLast());
    }
}
