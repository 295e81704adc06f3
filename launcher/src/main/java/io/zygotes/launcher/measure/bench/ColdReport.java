package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What {@code bench cold} found.
 *
 * @param rows one for each set, pace and kind of start
 * @param concurrent the same starts when many ask at once
 * @param clientP50Ms median of a request that needs no sandbox: what client, HTTP and the loopback interface take
 */
record ColdReport(
        @JsonProperty("rows") List<ColdRow> rows,
        @JsonProperty("concurrent") Concurrent concurrent,
        @JsonProperty("client_p50_ms") double clientP50Ms) {

    /** Copies the list. */
    ColdReport {
        rows = List.copyOf(rows);
    }

    /**
     * Cold starts for many clients at once.
     *
     * @param clients how many ask the worker at once
     * @param forkers how many bare Python processes fork at once for the limit
     * @param rows one for each set
     */
    record Concurrent(
            @JsonProperty("clients") int clients,
            @JsonProperty("forkers") int forkers,
            @JsonProperty("rows") List<ConcurrentRow> rows) {

        /** Copies the list. */
        public Concurrent {
            rows = List.copyOf(rows);
        }
    }
}
