package io.zygotes.core.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What is wrong with a lambda's files: all of it, so that it can be mended at once. Of one thread. */
final class Faults {

    private final List<String> all = new ArrayList<>();

    void add(IllegalArgumentException fault) {
        all.add(fault.getMessage());
    }

    void add(String fault) {
        all.add(fault);
    }

    /**
     * Reads a part.
     *
     * @param otherwise what it counts as if it is wrong
     */
    <T> T of(Supplier<T> part, T otherwise) {
        try {
            return part.get();
        } catch (IllegalArgumentException e) {
            add(e);
            return otherwise;
        }
    }

    /** Checks something. */
    void run(Runnable check) {
        of(
                () -> {
                    check.run();
                    return null;
                },
                null);
    }

    /**
     * Ends the reading.
     *
     * @throws IllegalArgumentException with all faults, if there are any
     */
    void end() {
        if (!all.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", all));
        }
    }
}
