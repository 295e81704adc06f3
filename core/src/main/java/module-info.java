/** The worker. */
module io.zygotes.core {
    requires transitive io.zygotes.spi;
    requires com.fasterxml.jackson.databind;
    requires jdk.management;

    exports io.zygotes.core.config;
}
