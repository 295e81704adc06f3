package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupLayout;
import io.zygotes.sandbox.sock.cgroup.Leftovers;
import io.zygotes.sandbox.sock.network.NetworkWall;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Finding;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
            return SockStart.start(context);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while the sandbox mechanism was starting", e);
        }
    }

    @Override
    public List<Finding> check() {
        List<Finding> findings = new ArrayList<>(Checkup.ofThisMachine().findings());
        findings.add(Checkup.networkRules(NetworkWall::tryOut));
        return List.copyOf(findings);
    }

    @Override
    public Optional<Finding> tryOut(MechanismContext context) throws InterruptedException {
        String name = "sandboxes";
        try {
            SockStart.tryOut(context);
            return Optional.of(Finding.good(name, "one could be made"));
        } catch (ConfigException | SandboxException e) {
            return Optional.of(Finding.missing(name, e.getMessage(), "do what this says, and run the doctor again"));
        }
    }

    @Override
    public List<String> clean(Path workerDirectory) throws SandboxException, InterruptedException {
        return Leftovers.remove(CgroupLayout.find(), SockStart.state(workerDirectory), SockStart::isOurs);
    }
}
