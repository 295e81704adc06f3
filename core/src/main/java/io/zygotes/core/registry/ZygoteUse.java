package io.zygotes.core.registry;

import java.util.Objects;
import java.util.Optional;

/** From which zygotes the leaves of a lambda are forked: {@code zygote} in its {@code ol.yaml}. */
public sealed interface ZygoteUse {

    /** Of a lambda that says nothing. */
    ZygoteUse PACKAGES = new Packages();

    /** From none: each leaf is a fresh process, which imports all packages itself. */
    record None() implements ZygoteUse {}

    /** From those of packages that the import cache has. */
    record Packages() implements ZygoteUse {}

    /**
     * From one of its own, which has imported its code.
     *
     * @param eager whether that is made before the first call
     * @param event what the function is called with before the first fork, as JSON; empty for no such call
     * @param fault why there can be none, for people; empty if there can
     */
    record Own(boolean eager, Optional<String> event, Optional<String> fault) implements ZygoteUse {

        /** Checks for null. */
        public Own {
            Objects.requireNonNull(event);
            Objects.requireNonNull(fault);
        }
    }
}
