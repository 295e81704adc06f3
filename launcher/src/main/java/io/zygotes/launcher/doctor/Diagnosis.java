package io.zygotes.launcher.doctor;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.zygotes.spi.mechanism.Finding;
import java.util.List;

/**
 * What was found on a machine.
 *
 * @param ok whether a worker can run
 * @param findings all that was looked at
 */
public record Diagnosis(
        @JsonProperty("ok") boolean ok,
        @JsonProperty("findings") List<Finding> findings) {

    /** Copies the list. */
    public Diagnosis {
        findings = List.copyOf(findings);
    }

    static Diagnosis of(List<Finding> findings) {
        return new Diagnosis(findings.stream().allMatch(each -> each.ok() || !each.needed()), findings);
    }
}
