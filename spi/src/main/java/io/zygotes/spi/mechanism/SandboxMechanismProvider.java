package io.zygotes.spi.mechanism;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Stability;

/** Makes mechanisms of one kind; found with {@link java.util.ServiceLoader} by the name in {@code sandbox}. */
@Stability(Stability.Level.EVOLVING)
public interface SandboxMechanismProvider {

    /** The name in {@code config.json}'s {@code sandbox}, such as {@code sock}. */
    String name();

    /**
     * Starts the mechanism: checks the machine, removes what a dead worker of the same directory left, and gets
     * ready to make sandboxes.
     *
     * @throws ConfigException if a setting is wrong
     * @throws SandboxException if this machine cannot run it; says what is missing and how to mend it
     */
    SandboxMechanism start(MechanismContext context) throws ConfigException, SandboxException;
}
