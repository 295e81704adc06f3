package io.zygotes.spi;

/**
 * The revision of this contract: {@code major.minor}, independent of the product's version. The minor number grows
 * when something is added, the major one when something that plugins use changes or goes.
 */
@Stability(Stability.Level.STABLE)
public final class SpiVersion {

    /** The revision of the SPI that this class was compiled with. A compile-time constant on purpose. */
    public static final String CURRENT = "1.3";

    private SpiVersion() {}
}
