package io.zygotes.core.registry;

import io.zygotes.spi.LeafSpec;
import java.util.Objects;

/**
 * One version of a lambda, unpacked and ready to be used.
 *
 * @param version hash of its content
 * @param generation grows with every change that the registry notices
 * @param spec what a leaf for it must be
 */
public record LambdaCode(String version, long generation, LeafSpec spec) {

    /** Checks for null. */
    public LambdaCode {
        Objects.requireNonNull(version);
        Objects.requireNonNull(spec);
    }
}
