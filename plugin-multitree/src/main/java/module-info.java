/** Several identical zygote trees. */
module io.zygotes.plugin.multitree {
    requires io.zygotes.spi;
    requires io.zygotes.plugin.tree;

    provides io.zygotes.spi.ImportCacheProvider with
            io.zygotes.plugin.multitree.MultitreeProvider;
}
