/**
 * One zygote tree.
 *
 * <p>{@link io.zygotes.plugin.tree} is the strategy, {@link io.zygotes.plugin.tree.model} the trees themselves and
 * their files, {@link io.zygotes.plugin.tree.fit} makes trees from traces and compares them.
 */
module io.zygotes.plugin.tree {
    requires transitive io.zygotes.spi;
    requires com.fasterxml.jackson.databind;

    exports io.zygotes.plugin.tree;
    exports io.zygotes.plugin.tree.fit;
    exports io.zygotes.plugin.tree.model;

    provides io.zygotes.spi.ImportCacheProvider with
            io.zygotes.plugin.tree.TreeProvider;
}
