package io.zygotes.launcher.plugins;

import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.util.Objects;

/**
 * A sandbox mechanism that was dropped in.
 *
 * @param name its name
 * @param module its module's name
 * @param origin the path of its jar or folder
 * @param provider makes it
 */
public record MechanismPlugin(String name, String module, String origin, SandboxMechanismProvider provider) {

    /** Checks for null. */
    public MechanismPlugin {
        Objects.requireNonNull(name, "name() returns null");
        Objects.requireNonNull(module);
        Objects.requireNonNull(origin);
        Objects.requireNonNull(provider);
    }
}
