package io.zygotes.spi;

import java.util.Objects;

/**
 * What a lambda answered.
 *
 * @param status an HTTP status: 200, 400 if the body was not JSON, 500 if the lambda raised or its answer cannot be
 *     written as JSON
 * @param body a JSON text. The array is not copied: do not change it
 */
@Stability(Stability.Level.STABLE)
public record Reply(int status, byte[] body) {

    /** Checks for null. */
    public Reply {
        Objects.requireNonNull(body);
    }
}
