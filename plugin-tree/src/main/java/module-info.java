/** One zygote tree. */
module io.zygotes.plugin.tree {
    requires io.zygotes.spi;
    requires com.fasterxml.jackson.databind;
}
