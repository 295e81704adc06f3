package io.zygotes.plugin.multitree;

import io.zygotes.plugin.tree.TreeCache;
import io.zygotes.plugin.tree.TreeOptions;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Options;
import io.zygotes.spi.SpiVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The strategy {@code multitree}. Options, {@code plugins.multitree} of {@code config.json}: {@code trees}, how many, 1
 * to 64, by default twice the cores, at least 6 and at most 16; {@code seed}, a whole number that makes the picks
 * repeatable; and those of {@code tree}.
 */
public final class MultitreeProvider implements ImportCacheProvider {

    /** For {@link java.util.ServiceLoader}. */
    public MultitreeProvider() {}

    @Override
    public String name() {
        return "multitree";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String spiVersion() {
        return SpiVersion.CURRENT;
    }

    @Override
    public String description() {
        return "Several identical zygote trees, one picked at random for each leaf.";
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        Options options = context.options();
        int count = options.integer("trees", defaultTrees(Runtime.getRuntime().availableProcessors()), 1, 64);
        int unset = ThreadLocalRandom.current().nextInt();
        int seed = options.integer("seed", unset, Integer.MIN_VALUE, Integer.MAX_VALUE);
        TreeOptions treeOptions = TreeOptions.read(options);
        options.finish();
        ZygoteTree tree = TreeReader.setting(context.importCacheTree(), context.workerDirectory());
        List<ImportCache> trees = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            trees.add(new TreeCache(tree, treeOptions, context));
        }
        return new Multitree(trees, seed);
    }

    static int defaultTrees(int cores) {
        return Math.clamp(2L * cores, 6, 16);
    }
}
