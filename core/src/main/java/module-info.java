/**
 * The worker. {@link io.zygotes.core.Worker} is made by Guice with {@link io.zygotes.core.CoreModule}; everything that
 * is not exported is its own affair.
 */
module io.zygotes.core {
    requires transitive io.zygotes.spi;
    requires transitive com.google.guice;
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.dataformat.yaml;
    requires jakarta.inject;
    requires java.logging;
    requires jdk.management;
    requires org.apache.commons.compress;
    requires org.eclipse.jetty.server;
    // Jetty logs through SLF4J, which would not find this one by itself in an image
    requires org.slf4j.jul;

    exports io.zygotes.core;
    exports io.zygotes.core.config;
    exports io.zygotes.core.files;
    exports io.zygotes.core.python;
    exports io.zygotes.core.registry;

    opens io.zygotes.core to
            com.google.guice;
}
