/** The command line, the wiring, and the finding of plugins. */
module io.zygotes.launcher {
    requires com.fasterxml.jackson.annotation;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires io.zygotes.core;
    requires io.zygotes.spi;
    requires java.logging;
    requires java.net.http;
    // Signals, which have no other interface (JEP 260).
    requires jdk.unsupported;
    requires org.eclipse.jetty.unixdomain.server;
    // For plugins: they can require only what is there when the program has started.
    requires java.compiler;
    requires java.instrument;
    requires java.management;
    requires java.naming;
    requires java.security.jgss;
    requires java.security.sasl;
    requires java.sql;
    requires java.sql.rowset;
    requires java.xml;
    requires jdk.jfr;
    requires jdk.net;
    // An image may be built without it.
    requires static io.zygotes.plugin.tree;

    uses io.zygotes.spi.ImportCacheProvider;
    uses io.zygotes.spi.mechanism.SandboxMechanismProvider;

    // Java makes the log manager by its name.
    exports io.zygotes.launcher.console to
            java.logging;

    opens io.zygotes.launcher.cli to
            com.fasterxml.jackson.databind,
            info.picocli;
    opens io.zygotes.launcher.doctor to
            com.fasterxml.jackson.databind;
    opens io.zygotes.launcher.measure.bench to
            com.fasterxml.jackson.databind,
            info.picocli;
    opens io.zygotes.launcher.measure.check to
            com.fasterxml.jackson.databind,
            info.picocli;
    opens io.zygotes.launcher.measure.demo to
            com.fasterxml.jackson.databind,
            info.picocli;
    opens io.zygotes.launcher.measure.tree to
            info.picocli;
    opens io.zygotes.launcher.plugins to
            com.fasterxml.jackson.databind;
    opens io.zygotes.launcher.worker to
            com.fasterxml.jackson.databind;
}
