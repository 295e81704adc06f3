package training;

import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;

/** Makes the mechanism {@code training}. */
public final class TrainingProvider implements SandboxMechanismProvider {

    @Override
    public String name() {
        return "training";
    }

    @Override
    public SandboxMechanism start(MechanismContext context) {
        return new TrainingMechanism();
    }
}
