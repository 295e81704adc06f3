/** The strategy without zygotes: every leaf is a fresh Python process. */
module io.zygotes.plugin.none {
    requires io.zygotes.spi;

    provides io.zygotes.spi.ImportCacheProvider with
            io.zygotes.plugin.none.NoneProvider;
}
