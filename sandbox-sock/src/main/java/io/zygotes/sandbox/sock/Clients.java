package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.SockDiag;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Optional;

/**
 * Who is at the other end of a connection to the worker, by the user id of the socket's owner.
 *
 * @param ids the host ids among which the worker has its own
 * @param cgroups says which of them are taken
 */
record Clients(HostIds ids, CgroupTree cgroups) {

    private static final System.Logger LOG = System.getLogger(Clients.class.getName());

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#isFromSandbox}. */
    boolean areSandboxes(InetSocketAddress client, InetSocketAddress server) {
        try {
            Optional<SockDiag.TcpOwner> owner = SockDiag.tcpOwner(client, server);
            if (owner.isPresent() && owner.get().held()) {
                return isSandbox(owner.get().uid());
            }
            // Somewhere else, or closed here in the meantime: whose it was is not known, so it is refused.
            return NetworkInterface.getByInetAddress(client.getAddress()) != null;
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "cannot find out who opened the connection from " + client + ", so it is taken for a lambda's: "
                            + e.getMessage());
            return true;
        }
    }

    /** Also of another worker: one in another container, whose cgroups are not seen here, has usual ids or the same. */
    private boolean isSandbox(int hostId) {
        int region = HostIds.regionOf(hostId);
        return HostIds.DEFAULT.contains(region) || ids.contains(region) || cgroups.isTaken(region);
    }
}
