package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.launch.SandboxNetwork;
import io.zygotes.sandbox.sock.network.NetworkWall;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.NetworkPlan;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;

/** The wall in the network that a start builds. */
final class SockNetwork {

    private static final System.Logger LOG = System.getLogger(SockNetwork.class.getName());

    private SockNetwork() {}

    /**
     * Builds it around all sandboxes, before there is one; as long as the groups are there, it is.
     *
     * @throws SandboxException if this kernel cannot, and the settings need it
     */
    static SandboxNetwork around(CgroupTree cgroups, MechanismContext context) throws SandboxException {
        NetworkPlan plan = context.network();
        try {
            return SandboxNetwork.within(NetworkWall.around(
                    cgroups.root(), List.of(plan.leafRules(), plan.zygoteRules(), plan.jobRules()), context.output()));
        } catch (IOException e) {
            String lacking =
                    "this kernel does not let the worker filter the network of cgroups (" + e.getMessage() + ")";
            if (plan.needsRules()) {
                throw new SandboxException(
                        FailureKind.REFUSED,
                        lacking + ", which the network rules of this worker need (config.json: network,"
                                + " zygote_network, installer_network). Set"
                                + " \"network\" to \"host\", by which lambdas reach all that the machine reaches, or to"
                                + " \"none\", by which they reach nothing; or run Linux 5.8 or later with"
                                + " CONFIG_CGROUP_BPF, and the worker with CAP_BPF and CAP_NET_ADMIN",
                        e);
            }
            LOG.log(Level.INFO, "network rules of lambdas are not possible here: " + lacking);
            return SandboxNetwork.without(lacking);
        }
    }
}
