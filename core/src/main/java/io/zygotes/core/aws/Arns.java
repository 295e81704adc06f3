package io.zygotes.core.aws;

import java.util.Objects;

/**
 * Names of functions for the whole world, as far as this worker goes: its account is all zeros.
 *
 * @param region the region that they have
 */
record Arns(String region) {

    private static final String ACCOUNT = "000000000000";

    Arns {
        Objects.requireNonNull(region);
    }

    String of(String function) {
        return "arn:aws:lambda:" + region + ":" + ACCOUNT + ":function:" + function;
    }

    String of(String function, String qualifier) {
        return of(function) + ":" + qualifier;
    }

    /** As the request names it. */
    String of(FunctionName name) {
        return name.qualifier().map(qualifier -> of(name.name(), qualifier)).orElseGet(() -> of(name.name()));
    }
}
