package io.zygotes.launcher.measure.check;

import java.util.List;

/**
 * What was found out about all packages.
 *
 * @param python the version of the interpreter
 * @param rows a row for each package, in the order of the question
 */
record CheckReport(String python, List<CheckRow> rows) {

    CheckReport {
        rows = List.copyOf(rows);
    }

    long count(Verdict verdict) {
        return rows.stream().filter(row -> row.verdict() == verdict).count();
    }
}
