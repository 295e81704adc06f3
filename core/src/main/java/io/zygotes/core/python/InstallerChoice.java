package io.zygotes.core.python;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Which program installs packages: {@code installer} in {@code config.json}. */
public enum InstallerChoice {
    /** uv where it is there and can do what pip's settings say, else pip. */
    AUTO,
    /** pip. */
    PIP,
    /** uv; it is an error if it is not there, or cannot do what pip's settings say. */
    UV;

    /** All of them as {@code config.json} has them. */
    public static List<String> words() {
        return Arrays.stream(values()).map(InstallerChoice::word).toList();
    }

    /** As {@code config.json} has it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The one with this word.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static InstallerChoice of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
