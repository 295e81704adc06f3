package io.zygotes.sandbox.sock;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;

/** Provides the mechanism that {@code "sandbox": "sock"} names. */
public final class SockProvider implements SandboxMechanismProvider {

    /** For {@link java.util.ServiceLoader}. */
    public SockProvider() {}

    @Override
    public String name() {
        return "sock";
    }

    @Override
    public SandboxMechanism start(MechanismContext context) throws ConfigException, SandboxException {
        try {
            return SockMechanism.start(context);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while the sandbox mechanism was starting", e);
        }
    }
}
