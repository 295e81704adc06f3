package io.zygotes.core.registry;

import io.zygotes.spi.LeafSpec;
import java.util.Objects;

/**
 * One version of a lambda, unpacked and ready to be used.
 *
 * @param version hash of its content
 * @param generation grows with every change that the registry notices
 * @param spec what a leaf for it must be
 * @param zygote whether its leaves may be forked from zygotes; {@code zygote} of {@code ol.yaml}
 */
public record LambdaCode(String version, long generation, LeafSpec spec, boolean zygote) {

    /** Code whose leaves may be forked from zygotes. */
    public LambdaCode(String version, long generation, LeafSpec spec) {
        this(version, generation, spec, true);
    }

    /** Checks for null. */
    public LambdaCode {
        Objects.requireNonNull(version);
        Objects.requireNonNull(spec);
    }
}
