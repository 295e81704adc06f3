package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.Options;
import io.zygotes.spi.SpiVersion;

/** The strategy {@code tree}. */
public final class TreeProvider implements ImportCacheProvider {

    /** For {@link java.util.ServiceLoader}. */
    public TreeProvider() {}

    @Override
    public String name() {
        return "tree";
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
        return "One zygote tree, given or learned: each leaf is forked from the node that saves its lambda the most"
                + " import time.";
    }

    @Override
    public ImportCache create(ImportCacheContext context) throws ConfigException {
        Options options = context.options();
        TreeOptions tree = TreeOptions.read(options);
        AutoOptions auto = AutoOptions.read(options);
        options.finish();
        if (context.importCacheTree().filter(TreeReader.AUTO::equals).isPresent()) {
            return AutoTree.start(tree, auto, context);
        }
        return new TreeCache(TreeReader.setting(context.importCacheTree(), context.workerDirectory()), tree, context);
    }
}
