/**
 * The worker. {@link io.zygotes.core.Worker} is made by Guice with {@link io.zygotes.core.CoreModule}; everything that
 * is not exported is its own affair. It is exported to the launcher alone: a plugin in a jar without descriptor reads
 * every module of the image, and must not reach the worker's insides all the same.
 */
// The launcher is built after this module.
@SuppressWarnings("module")
module io.zygotes.core {
    requires transitive io.zygotes.spi;
    requires transitive com.google.guice;
    requires com.fasterxml.jackson.core;
    requires com.fasterxml.jackson.databind;
    requires com.fasterxml.jackson.dataformat.toml;
    requires jakarta.inject;
    requires java.logging;
    // For JDBC drivers that a plugin brings along.
    requires java.sql;
    requires jdk.management;
    requires org.apache.commons.compress;
    requires org.eclipse.jetty.server;
    // Jetty logs through SLF4J, which would not find this one by itself in an image
    requires org.slf4j.jul;
    requires org.yaml.snakeyaml;

    uses java.sql.Driver;

    exports io.zygotes.core to
            io.zygotes.launcher;
    exports io.zygotes.core.config to
            io.zygotes.launcher;
    exports io.zygotes.core.files to
            io.zygotes.launcher;
    exports io.zygotes.core.function to
            io.zygotes.launcher;
    exports io.zygotes.core.guard to
            io.zygotes.launcher;
    exports io.zygotes.core.http to
            io.zygotes.launcher;
    exports io.zygotes.core.packages to
            io.zygotes.launcher;
    exports io.zygotes.core.python to
            io.zygotes.launcher;
    exports io.zygotes.core.registry to
            io.zygotes.launcher;

    opens io.zygotes.core to
            com.google.guice;
    opens io.zygotes.core.wiring to
            com.google.guice;
}
