package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What was found out about a package.
 *
 * @param name its normalised name
 * @param version the version; empty if none was found
 * @param verdict what came out
 * @param why why it is not installed, or unfit for zygotes; empty otherwise
 * @param zygotes the strategies under which a zygote had imported it
 * @param exercised whether it was used, too
 * @param findings what differs, explained or not
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record CheckRow(
        String name,
        String version,
        @JsonProperty("verdict") Verdict verdict,
        String why,
        List<String> zygotes,
        boolean exercised,
        List<Finding> findings) {

    CheckRow {
        zygotes = List.copyOf(zygotes);
        findings = List.copyOf(findings);
    }

    static CheckRow notInstalled(String name, String version, String why) {
        return new CheckRow(name, version, Verdict.NOT_INSTALLED, why, List.of(), false, List.of());
    }

    /** What nobody has explained. */
    List<Finding> unexplained() {
        return findings.stream().filter(finding -> finding.reason() == null).toList();
    }

    /** The reasons for what differs on purpose, each once. */
    List<String> reasons() {
        return findings.stream()
                .map(Finding::reason)
                .filter(reason -> reason != null)
                .distinct()
                .toList();
    }
}
