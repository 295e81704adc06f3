package io.zygotes.spi;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * A call that a lambda answered, whatever the answer was.
 *
 * @param spec the lambda, as its leaves are made
 * @param start where the leaf came from
 * @param ended when the answer was there
 * @param took from the arrival of the request until then, its waiting and the making of the leaf included; never
 *     negative
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public record CallEvent(LeafSpec spec, Start start, Instant ended, Duration took) {

    /** Where the leaf of a call came from. */
    public enum Start {
        /** It was idle. */
        WARM,
        /** It was forked from a zygote of packages that lived. */
        HIT,
        /** It was forked from the zygote of the function itself. */
        FUNCTION,
        /** It was made afresh, or from a zygote that had to be made. */
        COLD
    }

    /** Checks for null. */
    public CallEvent {
        Objects.requireNonNull(spec);
        Objects.requireNonNull(start);
        Objects.requireNonNull(ended);
        Objects.requireNonNull(took);
    }
}
