package io.zygotes.launcher.cli;

import io.zygotes.spi.SpiVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What {@code zygotes --version} says. */
final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() throws IOException {
        Properties properties = new Properties();
        try (InputStream file = Version.class.getResourceAsStream("version.properties")) {
            properties.load(file);
        }
        return new String[] {
            "zygotes " + properties.getProperty("version") + " (SPI " + SpiVersion.CURRENT + ", Java "
                    + Runtime.version() + ")"
        };
    }
}
