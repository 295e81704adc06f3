/** SOCK sandboxes: Linux namespaces, cgroups and forked zygotes. */
module io.zygotes.sandbox.sock {
    requires io.zygotes.spi;
    requires com.fasterxml.jackson.databind;

    provides io.zygotes.spi.mechanism.SandboxMechanismProvider with
            io.zygotes.sandbox.sock.SockProvider;
}
