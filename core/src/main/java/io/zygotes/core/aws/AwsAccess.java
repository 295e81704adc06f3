package io.zygotes.core.aws;

import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Who may ask for what: with keys, whoever signs by one of them, for all; without any, everybody, but only for calls.
 *
 * @param credentials secrets by the ids of their access keys
 * @param region the region of this worker's functions, which signatures must name; empty for any
 */
public record AwsAccess(Map<String, String> credentials, String region) {

    private static final String DEFAULT_REGION = "us-east-1";

    /** Checks for null and copies. */
    public AwsAccess {
        credentials = Map.copyOf(credentials);
        Objects.requireNonNull(region);
    }

    Signatures signatures(InstantSource clock) {
        return new Signatures(credentials, region.isEmpty() ? Optional.empty() : Optional.of(region), "lambda", clock);
    }

    Arns arns() {
        return new Arns(region.isEmpty() ? DEFAULT_REGION : region);
    }
}
