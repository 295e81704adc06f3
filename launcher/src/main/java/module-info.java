/** The command line, the wiring, and the finding of plugins. */
module io.zygotes.launcher {
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires io.zygotes.core;
    requires io.zygotes.spi;
    requires java.net.http;

    uses io.zygotes.spi.ImportCacheProvider;
    uses io.zygotes.spi.mechanism.SandboxMechanismProvider;


}
