package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * How many leaves a second are made when many ask at once.
 *
 * @param set the packages
 * @param leavesPerS leaves made, asked and ended by the worker in a second
 * @param limitPerS processes forked, asked and ended by bare Python in a second
 * @param ofLimit the share of the limit that the worker reaches
 */
record ConcurrentRow(
        @JsonProperty("set") String set,
        @JsonProperty("leaves_per_s") double leavesPerS,
        @JsonProperty("limit_per_s") double limitPerS,
        @JsonProperty("of_limit") double ofLimit) {}
