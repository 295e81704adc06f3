package io.zygotes.core.fake;

import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.util.function.Function;

/**
 * A provider of mechanisms with the name {@code fake}.
 *
 * @param making makes one
 */
public record FakeMechanisms(Function<MechanismContext, SandboxMechanism> making) implements SandboxMechanismProvider {

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public SandboxMechanism start(MechanismContext context) {
        return making.apply(context);
    }
}
