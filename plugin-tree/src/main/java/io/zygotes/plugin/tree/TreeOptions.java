package io.zygotes.plugin.tree;

import io.zygotes.spi.Options;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What can be set for a tree: {@code plugins.tree} of {@code config.json}.
 *
 * @param minSavingMillis {@code min_saving_ms}: a zygote is made only if it saves a leaf at least this much more than
 *     the zygote above it; 0 to 60000, by default 0
 * @param retry {@code retry_ms}: how long a node whose packages could not be imported is left alone after the first
 *     failure; doubled with every further one, up to five minutes; 1 to 300000 ms, by default 1000
 * @param preload {@code preload}: modules of the standard library that the root imports, and so all zygotes have; by
 *     default those of {@link StandardLibrary}
 */
public record TreeOptions(double minSavingMillis, Duration retry, List<String> preload) {

    /** What holds when nothing is set. */
    public static final TreeOptions DEFAULT = new TreeOptions(0, Duration.ofSeconds(1), StandardLibrary.MEASURED);

    /** A possessive pattern: one with a group that is repeated takes stack for each repetition else. */
    private static final Pattern MODULE = Pattern.compile("[A-Za-z_]\\w*+(?:\\.[A-Za-z_]\\w*+)*+");
    /** Characters of a name. */
    private static final int LONGEST = 100;

    /** Copies the list. */
    public TreeOptions {
        preload = List.copyOf(preload);
    }

    /** With the default for what the root imports. */
    public TreeOptions(double minSavingMillis, Duration retry) {
        this(minSavingMillis, retry, DEFAULT.preload);
    }

    /** Reads them; {@link Options#finish} is left to the caller, who may have options of its own. */
    public static TreeOptions read(Options options) {
        return new TreeOptions(
                options.integer("min_saving_ms", (int) DEFAULT.minSavingMillis, 0, 60_000),
                Duration.ofMillis(options.integer("retry_ms", (int) DEFAULT.retry.toMillis(), 1, 300_000)),
                options.texts("preload", DEFAULT.preload, TreeOptions::isModule, "the full name of a module"));
    }

    private static boolean isModule(String text) {
        return text.length() <= LONGEST && MODULE.matcher(text).matches();
    }
}
