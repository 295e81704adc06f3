/** The strategy without zygotes: every leaf is a fresh Python process. */
module io.zygotes.plugin.none {
    requires io.zygotes.spi;
}
