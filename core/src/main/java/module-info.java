/** The worker. */
module io.zygotes.core {
    requires io.zygotes.spi;
    requires com.fasterxml.jackson.databind;
}
