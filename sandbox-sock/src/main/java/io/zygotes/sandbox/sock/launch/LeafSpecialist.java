package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.protocol.Instructions;
import io.zygotes.sandbox.sock.protocol.PackageFolder;
import io.zygotes.sandbox.sock.protocol.ProcessLimits;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.sandbox.CreationStep;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/** Makes a leaf that waits, a spare for example, the leaf of a lambda. For many threads. */
public final class LeafSpecialist {

    private final LaunchContext context;

    /** @param context what all launches share */
    public LeafSpecialist(LaunchContext context) {
        this.context = context;
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#specialise}. */
    public SockLeaf specialise(SockLeaf leaf, LeafSpec spec) throws SandboxException, InterruptedException {
        leaf.specialise(spec);
        leaf.times().resume();
        try (Orders orders = new Orders(context, leaf)) {
            context.network().enclose(leaf, spec.network(), spec.rules(), spec.lambda(), spec.lambda());
            leaf.onOwnGroup(group -> group.limitTo(spec.limits()));
            orders.mount(spec.handler(), Protocol.PATH_HANDLER, true, false);
            boolean hasAll = leaf.zygote().isPresent() && leaf.zygote().get().hasAll(spec.packages());
            OwnNeeds needs = OwnNeeds.of(leaf.zygote(), spec);
            if (hasAll && spec.environment().isEmpty() && leaf.knows(spec.limits()) && needs.isNone()) {
                leaf.times().step(CreationStep.MOUNTS);
                orders.goAsUsual();
            } else {
                // Only what its zygote does not have.
                if (!hasAll) {
                    orders.mountPackages(spec.packages());
                }
                leaf.times().step(CreationStep.MOUNTS);
                orders.go(instructions(leaf, spec, hasAll, needs));
            }
            leaf.times().step(CreationStep.GO);
            return leaf;
        } catch (IOException e) {
            throw leaf.obituary("being set up", false, e);
        } catch (TimeoutException e) {
            throw leaf.timeout("being set up");
        } catch (InterruptedException | SandboxException e) {
            leaf.destroy();
            throw e;
        }
    }

    private static Instructions instructions(SockLeaf leaf, LeafSpec spec, boolean hasAll, OwnNeeds needs) {
        boolean hasEnvironment = leaf.zygote().isPresent() && spec.environment().isEmpty();
        return new Instructions.ForLeaf(
                ProcessLimits.of(spec.limits()),
                hasEnvironment ? Optional.empty() : Optional.of(SandboxEnvironment.with(spec.environment())),
                hasAll ? Optional.empty() : Optional.of(PackageFolder.names(spec.packages())),
                needs.shadowed(),
                needs.processors());
    }
}
