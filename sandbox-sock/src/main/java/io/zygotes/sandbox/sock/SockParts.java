package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.FreshIds;
import io.zygotes.sandbox.sock.launch.LaunchContext;
import io.zygotes.sandbox.sock.launch.SandboxNetwork;
import io.zygotes.sandbox.sock.protocol.CommonTexts;
import io.zygotes.sandbox.sock.resource.Kits;
import io.zygotes.sandbox.sock.resource.OutputPump;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.sandbox.sock.sandbox.Reaper;
import io.zygotes.sandbox.sock.warden.WardenPlan;
import io.zygotes.sandbox.sock.warden.WardenSupervisor;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** What all sandboxes of a mechanism share, from its start to its end. Safe for use by many threads. */
final class SockParts implements AutoCloseable {

    /** How long the end waits for what is made ahead at that moment, in seconds. */
    private static final int PATIENCE = 5;

    private final CgroupTree cgroups;
    private final SandboxNetwork network;
    private final OutputPump pump;
    private final WardenSupervisor wardens;
    private final Reaper reaper;
    private final GroupPool fresh;
    private final ExecutorService supplier = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("sandbox-supplier").factory());
    private final LaunchContext launches;
    private final AtomicBoolean closed = new AtomicBoolean();

    private SockParts(MechanismContext context, WardenPlan plan, CgroupTree cgroups, SandboxNetwork network)
            throws IOException {
        this.cgroups = cgroups;
        this.network = network;
        pump = new OutputPump();
        wardens = new WardenSupervisor(plan, cgroups, pump, context.output());
        reaper = new Reaper(context.reuseCgroups(), wardens::goOn);
        supplier.execute(() -> {}); // the thread is there before one is hard to get
        fresh = cgroups.pool("fresh", cgroups.hostId(0), network, reaper);
        launches = new LaunchContext(
                context,
                wardens,
                cgroups,
                fresh,
                FreshIds.ofWorker(),
                new Kits(fresh, supplier),
                pump,
                reaper,
                network,
                new CommonTexts(),
                new AtomicInteger());
    }

    /**
     * Makes them; there is no warden yet.
     *
     * @param cgroups the worker's groups; closed with the parts, also if these cannot be made
     */
    static SockParts make(MechanismContext context, WardenPlan plan, CgroupTree cgroups)
            throws SandboxException, InterruptedException {
        SandboxNetwork network;
        try {
            network = SockNetwork.around(cgroups, context);
        } catch (SandboxException e) {
            cgroups.close();
            throw e;
        }
        try {
            return new SockParts(context, plan, cgroups, network);
        } catch (IOException e) {
            network.close();
            cgroups.close();
            throw new SandboxException(
                    Shortage.kind(e), "cannot start the sandbox mechanism: " + e.getMessage() + Shortage.advice(e), e);
        }
    }

    /** The worker's groups. */
    CgroupTree cgroups() {
        return cgroups;
    }

    /** What holds sandboxes to their rules for the network. */
    SandboxNetwork network() {
        return network;
    }

    /** Who makes fresh sandboxes. */
    WardenSupervisor wardens() {
        return wardens;
    }

    /** What launches share. */
    LaunchContext launches() {
        return launches;
    }

    /** Ends all sandboxes, and gives back what they had. */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            wardens.close();
            supplier.shutdown();
            supplier.awaitTermination(PATIENCE, TimeUnit.SECONDS);
            reaper.stop();
            pump.stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            fresh.retire();
            network.close();
            cgroups.close();
        }
    }
}
