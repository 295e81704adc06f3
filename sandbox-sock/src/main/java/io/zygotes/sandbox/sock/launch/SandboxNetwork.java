package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.network.NetworkWall;
import io.zygotes.sandbox.sock.sandbox.SockSandbox;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;

/**
 * Holds sandboxes to their rules for the network, from before they have a process until the last one is gone. Safe for
 * use by many threads.
 */
public final class SandboxNetwork implements GroupPool.Register, AutoCloseable {

    /** Under which name refusals of zygotes and jobs are counted; no lambda has a name like that. */
    static final String ZYGOTES = "all zygotes";
    /** As {@link #ZYGOTES}. */
    static final String JOBS = "all installs";

    private static final Logger LOG = System.getLogger(SandboxNetwork.class.getName());

    private final Optional<NetworkWall> wall;
    private final String lacking;

    private SandboxNetwork(Optional<NetworkWall> wall, String lacking) {
        this.wall = wall;
        this.lacking = lacking;
    }

    /** With a wall around all sandboxes. */
    public static SandboxNetwork within(NetworkWall wall) {
        return new SandboxNetwork(Optional.of(wall), "");
    }

    /**
     * Without: sandboxes that have rules are not made.
     *
     * @param lacking why there is no wall
     */
    public static SandboxNetwork without(String lacking) {
        return new SandboxNetwork(Optional.empty(), lacking);
    }

    /** Why there is no wall; empty if there is one. */
    public Optional<String> lacking() {
        return wall.isPresent() ? Optional.empty() : Optional.of(lacking);
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#networkRefusals}. */
    public Map<String, Long> refusals() {
        try {
            return wall.isPresent() ? wall.get().refusals() : Map.of();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "refusals of the network cannot be counted now: " + e.getMessage());
            return Map.of();
        }
    }

    /**
     * Gives a sandbox its rules, or other ones than it has.
     *
     * @param network what it sees; rules mean nothing to one that sees a network of its own
     * @param rules what it reaches
     * @param label whose it is, for the log
     * @param account under which name its refusals are counted
     * @throws IOException if the sandbox has ended
     */
    void enclose(SockSandbox sandbox, Network network, NetworkRules rules, String label, String account)
            throws IOException, SandboxException, InterruptedException {
        NetworkRules held = network == Network.NONE ? NetworkRules.EVERYTHING : rules;
        if (wall.isEmpty()) {
            if (!held.isEverything()) {
                throw new SandboxException(
                        FailureKind.REFUSED,
                        label + " has network rules, and they cannot be enforced here: " + lacking
                                + "; choose host or none for it",
                        null);
            }
            return;
        }
        NetworkWall around = wall.get();
        around.awaitNames(held);
        long id = sandbox.group().id();
        sandbox.atRelease(() -> around.leave(id));
        // Not those of another sandbox, that has the group when this one's rules come late.
        sandbox.onOwnGroup(group -> around.enclose(group.id(), held, sandbox.id(), label, account));
    }

    @Override
    public void made(long group) throws IOException {
        if (wall.isPresent()) {
            wall.get().expect(group);
        }
    }

    @Override
    public void removed(long group) {
        if (wall.isPresent()) {
            try {
                wall.get().forget(group);
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "the wall in the network still knows a group that is gone: " + e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        wall.ifPresent(NetworkWall::close);
    }
}
