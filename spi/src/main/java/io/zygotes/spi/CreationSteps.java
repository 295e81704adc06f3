package io.zygotes.spi;

import java.util.List;
import java.util.Objects;

/**
 * How long each step of making a sandbox took; for measuring.
 *
 * @param steps in the order in which they were taken; together they are the whole
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public record CreationSteps(List<Step> steps) {

    /** Of a sandbox whose steps nobody measured. */
    public static final CreationSteps NONE = new CreationSteps(List.of());

    /**
     * One step.
     *
     * @param name what was done: words of lower-case letters and digits with a single {@code _} between two, a letter
     *     first, so that it can be a part of a statistic's name
     * @param nanos how long it took, in nanoseconds; not negative
     * @param parts parts of this step that were measured as well; together at most as long as the step
     */
    public record Step(String name, long nanos, List<Step> parts) {

        /**
         * Checks the name and the time, and copies the list.
         *
         * @throws IllegalArgumentException if the name is none, or a time is negative
         */
        public Step {
            if (!isName(name)) {
                throw new IllegalArgumentException("no name for a step: \"" + name + "\"");
            }
            if (nanos < 0) {
                throw new IllegalArgumentException("step " + name + " cannot have taken " + nanos + " ns");
            }
            parts = List.copyOf(parts);
        }

        /**
         * A step without parts.
         *
         * @param name as {@link #name}
         * @param nanos as {@link #nanos}
         */
        public Step(String name, long nanos) {
            this(name, nanos, List.of());
        }
    }

    /** Copies the list. */
    public CreationSteps {
        Objects.requireNonNull(steps);
        steps = List.copyOf(steps);
    }

    /** How long all steps took together, in nanoseconds. */
    public long totalNanos() {
        long total = 0;
        for (Step step : steps) {
            total += step.nanos();
        }
        return total;
    }

    /** Looked at letter by letter: every leaf has half a dozen of steps, and a pattern takes 1 us for each. */
    private static boolean isName(String name) {
        char before = '_';
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean fits = i == 0 ? isLetter(c) : isLetter(c) || c >= '0' && c <= '9' || c == '_' && before != '_';
            if (!fits) {
                return false;
            }
            before = c;
        }
        return before != '_';
    }

    private static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z';
    }
}
