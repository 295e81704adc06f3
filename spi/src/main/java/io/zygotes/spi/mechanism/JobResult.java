package io.zygotes.spi.mechanism;

import io.zygotes.spi.Stability;
import java.util.Objects;

/**
 * How a job ended.
 *
 * @param exitCode its exit code; 128 + n if signal n ended it
 * @param output the last 64 KiB of what it wrote to its standard output and error
 */
@Stability(Stability.Level.EVOLVING)
public record JobResult(int exitCode, String output) {

    /** Checks for null. */
    public JobResult {
        Objects.requireNonNull(output);
    }
}
