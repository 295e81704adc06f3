package io.zygotes.plugin.tree;

import io.zygotes.spi.Options;
import java.time.Duration;

/**
 * What can be set for a tree that is learned: further keys of {@code plugins.tree}; without effect on a given tree.
 *
 * @param interval {@code refit_seconds}: the shortest time between two fits; 1 to 86400 s, by default 60
 * @param gainShare {@code refit_gain_percent}, as a share: how much of the import time of the observed calls a new tree
 *     must save beyond what the present one saves; 0 to 100 %, by default 5
 * @param nodes {@code refit_nodes}: the most nodes of a fitted tree, the root counted; 1 to 1000, by default 40
 * @param seed {@code refit_seed}: decides where the search is random; by default 1
 */
record AutoOptions(Duration interval, double gainShare, int nodes, long seed) {

    /** What holds when nothing is set. */
    static final AutoOptions DEFAULT = new AutoOptions(Duration.ofMinutes(1), 0.05, 40, 1);

    /** Reads them; {@link Options#finish} is left to the caller. */
    static AutoOptions read(Options options) {
        return new AutoOptions(
                Duration.ofSeconds(options.integer("refit_seconds", (int) DEFAULT.interval.toSeconds(), 1, 86_400)),
                options.integer("refit_gain_percent", (int) Math.round(DEFAULT.gainShare * 100), 0, 100) / 100.0,
                options.integer("refit_nodes", DEFAULT.nodes, 1, 1000),
                options.integer("refit_seed", (int) DEFAULT.seed, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }
}
