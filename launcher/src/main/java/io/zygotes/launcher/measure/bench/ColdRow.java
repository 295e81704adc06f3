package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Map;

/**
 * What one kind of cold start took.
 *
 * @param set the packages
 * @param pace how fast the rounds followed one another
 * @param what the kind
 * @param rounds how many rounds were measured
 * @param p50Ms the median in milliseconds
 * @param p99Ms the 99th percentile in milliseconds
 * @param ofLimitP50 the median as a multiple of the limit's at this pace
 * @param ofLimitP99 the 99th percentile as a multiple of the limit's at this pace
 * @param stepsP50Ms for {@code create}: the median of each step in milliseconds, by the name that the mechanism gives
 *     it and in the order of the steps; else null
 * @param partsP50Ms for {@code create}: by a step's name the medians of those parts of it that were measured as well; a
 *     step without them is left out; else null
 */
@JsonPropertyOrder({"set", "pace", "what", "rounds", "p50_ms", "p99_ms", "of_limit_p50", "of_limit_p99"})
record ColdRow(
        @JsonProperty("set") String set,
        @JsonProperty("pace") String pace,
        @JsonProperty("what") String what,
        @JsonProperty("rounds") int rounds,
        @JsonProperty("p50_ms") double p50Ms,
        @JsonProperty("p99_ms") double p99Ms,
        @JsonProperty("of_limit_p50") double ofLimitP50,
        @JsonProperty("of_limit_p99") double ofLimitP99,

        @JsonProperty("steps_p50_ms") @JsonInclude(JsonInclude.Include.NON_NULL)
        Map<String, Double> stepsP50Ms,

        @JsonProperty("parts_p50_ms") @JsonInclude(JsonInclude.Include.NON_NULL)
        Map<String, Map<String, Double>> partsP50Ms) {}
