package io.zygotes.core.function;

import io.zygotes.spi.Reply;
import java.util.Objects;

/**
 * What a lambda answered, and how.
 *
 * @param reply the answer
 * @param start where the leaf came from
 * @param sandbox id of the leaf
 */
public record Answer(Reply reply, Start start, String sandbox) {

    /** Checks for null. */
    public Answer {
        Objects.requireNonNull(reply);
        Objects.requireNonNull(start);
        Objects.requireNonNull(sandbox);
    }

    /** Where the leaf of a call came from. */
    public enum Start {
        /** It was idle. */
        WARM,
        /** It was forked from a zygote that lived. */
        HIT,
        /** It was forked from the function's own zygote. */
        FUNCTION,
        /** It was made afresh, or from a zygote that had to be made. */
        COLD
    }
}
