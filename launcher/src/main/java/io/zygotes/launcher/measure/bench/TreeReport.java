package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * The calls of a trace under one tree beside the other.
 *
 * @param calls how many calls were made in each round
 * @param functions of how many functions
 * @param packageSets with how many distinct sets of packages
 * @param pace when calls were made
 * @param leftOutCalls calls that were not made, because their function cannot be run on this machine
 * @param leftOut those functions
 * @param rows a row for each tree and round
 */
record TreeReport(
        @JsonProperty("calls") int calls,
        @JsonProperty("functions") int functions,
        @JsonProperty("package_sets") int packageSets,
        @JsonProperty("pace") String pace,
        @JsonProperty("left_out_calls") int leftOutCalls,
        @JsonProperty("left_out") List<LeftOut> leftOut,
        @JsonProperty("rows") List<TreeRow> rows) {

    /** Copies the lists. */
    TreeReport {
        leftOut = List.copyOf(leftOut);
        rows = List.copyOf(rows);
    }

    /**
     * Functions that cannot be run.
     *
     * @param functions their names
     * @param packages all their packages, pinned
     * @param reason why not
     */
    record LeftOut(
            @JsonProperty("functions") List<String> functions,
            @JsonProperty("packages") List<String> packages,
            @JsonProperty("reason") String reason) {

        /** Copies the lists. */
        public LeftOut {
            functions = List.copyOf(functions);
            packages = List.copyOf(packages);
        }
    }
}
