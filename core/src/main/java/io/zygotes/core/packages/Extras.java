package io.zygotes.core.packages;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What comes with packages that are asked for with extras (PEP 508): nbconvert needs {@code bleach[css]}, and of bleach
 * the extra {@code css} needs tinycss2. Names are normalised; markers were evaluated for this machine.
 *
 * @param asked dependencies of the package that it asks for with extras, such as {@code bleach[css]}
 * @param own what each extra of the package needs, such as {@code tinycss2}, in the same form
 */
record Extras(List<String> asked, Map<String, List<String>> own) {

    /** A name, and maybe extras of it. */
    private static final Pattern NEED = Pattern.compile("[a-z0-9-]++(?:\\[[a-z0-9,-]++])?+");

    private static final Pattern EXTRA = Pattern.compile("[a-z0-9-]++");

    static final Extras NONE = new Extras(List.of(), Map.of());

    /**
     * Copies both.
     *
     * @throws IllegalArgumentException if one of them is not of its form
     */
    Extras {
        asked = List.copyOf(asked);
        Map<String, List<String>> copy = new TreeMap<>();
        own.forEach((extra, needs) -> copy.put(check(EXTRA, extra), List.copyOf(needs)));
        own = Collections.unmodifiableMap(copy);
        asked.forEach(need -> check(NEED, need));
        own.values().forEach(needs -> needs.forEach(need -> check(NEED, need)));
    }

    private static String check(Pattern form, String text) {
        if (!form.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is no name of a package or of an extra");
        }
        return text;
    }

    /** A package, with or without extras. */
    record Need(String name, List<String> extras) {

        /** Of {@code bleach[css]}, or of {@code bleach}. */
        static Need parse(String text) {
            int extras = text.indexOf('[');
            return extras < 0
                    ? new Need(text, List.of())
                    : new Need(
                            text.substring(0, extras),
                            List.of(text.substring(extras + 1, text.length() - 1)
                                    .split(",")));
        }
    }
}
