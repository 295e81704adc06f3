package io.zygotes.launcher.plugins;

import java.util.Objects;

/**
 * A plugin that cannot be used.
 *
 * @param origin the path of its jar or folder
 * @param cause what is wrong with it
 * @param mend what its author or the operator can do
 */
public record BrokenPlugin(String origin, String cause, String mend) {

    /** Checks for null. */
    public BrokenPlugin {
        Objects.requireNonNull(origin);
        Objects.requireNonNull(cause);
        Objects.requireNonNull(mend);
    }

    /** All of it in one line. */
    @Override
    public String toString() {
        return origin + ": " + cause + "; " + mend;
    }
}
