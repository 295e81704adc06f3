/** SOCK sandboxes: Linux namespaces, cgroups and forked zygotes. */
module io.zygotes.sandbox.sock {
    requires io.zygotes.spi;
    requires com.fasterxml.jackson.databind;
}
