package io.zygotes.core.function;

import io.zygotes.core.registry.LambdaCode;

/** Hears of every call that a lambda answered. */
@FunctionalInterface
public interface CallListener {

    /**
     * Called by the thread of the request: must not block and must not throw.
     *
     * @param code the version of the lambda
     * @param start where the leaf came from
     * @param nanos how long the call took
     */
    void answered(LambdaCode code, Answer.Start start, long nanos);
}
