package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * A difference under a strategy.
 *
 * @param strategy the strategy, as the report calls it
 * @param what what differs
 * @param plain what plain Python has
 * @param here what the strategy has
 * @param reason why that is on purpose; null if nobody has explained it
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Finding(String strategy, String what, String plain, String here, String reason) {

    static Finding of(String strategy, Difference difference, String reason) {
        return new Finding(strategy, difference.what(), difference.plain(), difference.here(), reason);
    }

    /** In one line. */
    String text() {
        return "under " + strategy + ", " + new Difference(what, plain, here).text();
    }
}
