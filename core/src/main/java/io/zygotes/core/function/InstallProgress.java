package io.zygotes.core.function;

import java.util.List;
import java.util.Objects;

/**
 * How far the packages of a lambda are.
 *
 * @param installed those that are there, sorted, as {@code name==version}
 * @param missing those that are not, sorted
 * @param done whether nothing goes on any more
 * @param error why it did not go well; empty if it did, or goes on
 */
public record InstallProgress(List<String> installed, List<String> missing, boolean done, String error) {

    /** Checks for null and copies. */
    public InstallProgress {
        installed = List.copyOf(installed);
        missing = List.copyOf(missing);
        Objects.requireNonNull(error);
    }
}
