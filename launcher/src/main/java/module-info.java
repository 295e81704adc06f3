/** The command line, the wiring, and the finding of plugins. */
module io.zygotes.launcher {
    requires io.zygotes.core;
    requires io.zygotes.spi;
    requires info.picocli;
    uses io.zygotes.spi.ImportCacheProvider;
    uses io.zygotes.spi.mechanism.SandboxMechanismProvider;
}
