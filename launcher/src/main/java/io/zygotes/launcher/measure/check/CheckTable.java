package io.zygotes.launcher.measure.check;

import io.zygotes.launcher.console.Output;
import java.util.ArrayList;
import java.util.List;

/** A report for people: a row for each package, what is unexplained, and how many there are of each kind. */
final class CheckTable {

    private static final int LONGEST_REASON = 100;

    private CheckTable() {}

    static String of(CheckReport report) {
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("package", "version", "result", "zygotes", "used", "why"));
        for (CheckRow row : report.rows()) {
            table.add(List.of(
                    row.name(),
                    row.version(),
                    row.verdict().text(),
                    String.join(", ", row.zygotes()),
                    row.exercised() ? "yes" : "",
                    why(row)));
        }
        StringBuilder text = new StringBuilder(Output.table(new boolean[6], table));
        for (CheckRow row : report.rows()) {
            for (Finding finding : row.unexplained()) {
                text.append('\n').append(row.name()).append(' ').append(finding.text());
            }
        }
        text.append("\nPython ").append(report.python()).append(": ");
        for (Verdict verdict : Verdict.values()) {
            text.append(report.count(verdict))
                    .append(' ')
                    .append(verdict.text())
                    .append(", ");
        }
        text.append("of ").append(report.rows().size()).append(" packages.\n");
        text.append("zygotes: where one had imported the package (node: with just it; tree: under the tree).\n");
        text.append("used: it was not only imported. unfit: lambdas import it themselves. --json tells all.\n");
        return text.toString();
    }

    private static String why(CheckRow row) {
        String why = row.why().isEmpty() ? String.join("; ", row.reasons()) : row.why();
        String line = why.replace('\n', ' ').strip();
        return line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON) + "…";
    }
}
