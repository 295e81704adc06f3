package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.FreshIds;
import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.launch.JobLauncher;
import io.zygotes.sandbox.sock.launch.LaunchContext;
import io.zygotes.sandbox.sock.launch.LeafLauncher;
import io.zygotes.sandbox.sock.launch.LeafSpecialist;
import io.zygotes.sandbox.sock.launch.Misfit;
import io.zygotes.sandbox.sock.launch.SandboxNetwork;
import io.zygotes.sandbox.sock.launch.ZygoteLauncher;
import io.zygotes.sandbox.sock.protocol.CommonTexts;
import io.zygotes.sandbox.sock.resource.OutputPump;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.sandbox.sock.sandbox.Reaper;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.sandbox.sock.sandbox.SockSandbox;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.sandbox.sock.warden.WardenPlan;
import io.zygotes.sandbox.sock.warden.WardenSupervisor;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes SOCK sandboxes: puts the parts together, and delegates. See {@code docs/sandbox.md} for the whole picture. */
final class SockMechanism implements SandboxMechanism {

    private static final System.Logger LOG = System.getLogger(SockMechanism.class.getName());

    private final Packages packages;
    private final CgroupTree cgroups;
    private final Clients clients;
    private final OutputPump pump;
    private final WardenSupervisor wardens;
    private final Reaper reaper;
    private final GroupPool fresh;
    private final ExecutorService supplier = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("sandbox-supplier").factory());
    private final SandboxNetwork network;
    private final LeafLauncher leaves;
    private final LeafSpecialist specialist;
    private final ZygoteLauncher zygotes;
    private final JobLauncher jobs;
    private final AtomicBoolean closed = new AtomicBoolean();

    private SockMechanism(
            MechanismContext context, WardenPlan plan, CgroupTree cgroups, HostIds ids, SandboxNetwork network)
            throws IOException {
        packages = context.packages();
        this.cgroups = cgroups;
        clients = new Clients(ids, cgroups);
        this.network = network;
        pump = new OutputPump();
        wardens = new WardenSupervisor(plan, cgroups, pump, context.output());
        reaper = new Reaper(context.reuseCgroups(), wardens::goOn);
        supplier.execute(() -> {}); // the thread is there before one is hard to get
        fresh = cgroups.pool("fresh", cgroups.hostId(0), network, reaper);
        LaunchContext launches = new LaunchContext(
                context,
                wardens,
                cgroups,
                fresh,
                FreshIds.ofWorker(),
                pump,
                reaper,
                network,
                new CommonTexts(),
                new AtomicInteger());
        specialist = new LeafSpecialist(launches);
        leaves = new LeafLauncher(launches, specialist);
        zygotes = new ZygoteLauncher(launches, supplier);
        jobs = new JobLauncher(launches);
    }

    /**
     * Starts it, with a warden.
     *
     * @param cgroups the worker's groups; closed by the mechanism, also if it does not start
     * @param ids the host ids among which the worker has its own
     */
    static SockMechanism start(MechanismContext context, WardenPlan plan, CgroupTree cgroups, HostIds ids)
            throws SandboxException, InterruptedException {
        SockMechanism mechanism;
        SandboxNetwork network;
        try {
            network = SockNetwork.around(cgroups, context);
        } catch (SandboxException e) {
            cgroups.close();
            throw e;
        }
        try {
            mechanism = new SockMechanism(context, plan, cgroups, ids, network);
        } catch (IOException e) {
            network.close();
            cgroups.close();
            throw new SandboxException(
                    Shortage.kind(e), "cannot start the sandbox mechanism: " + e.getMessage() + Shortage.advice(e), e);
        }
        boolean started = false;
        try {
            mechanism.wardens.warden();
            StartTrial.run(
                    mechanism.zygotes,
                    mechanism.leaves,
                    plan.mountPoint(),
                    context.network().leaves());
            started = true;
            return mechanism;
        } finally {
            if (!started) {
                mechanism.close();
            }
        }
    }

    private static Optional<SockZygote> ours(Optional<Zygote> zygote) {
        return zygote.map(SockZygote.class::cast);
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        return leaves.launch(ours(parent), spec);
    }

    @Override
    public Sandbox createSpare(Zygote parent, Limits limits, Network network)
            throws SandboxException, InterruptedException {
        return leaves.launchSpare((SockZygote) parent, limits, network);
    }

    @Override
    public Leaf specialise(Sandbox spare, LeafSpec spec) throws SandboxException, InterruptedException {
        SockLeaf leaf = (SockLeaf) spare;
        if (!leaf.isSpare()) {
            throw new IllegalArgumentException(spare + " serves lambda " + leaf.label() + " already");
        }
        return specialist.specialise(leaf, spec);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        return zygotes.launch(ours(parent), spec);
    }

    @Override
    public Optional<String> misfit(Zygote zygote, LeafSpec spec) {
        return Misfit.of((SockZygote) zygote, spec, packages::installed);
    }

    @Override
    public Optional<String> misfit(Zygote parent, ZygoteSpec spec) {
        return Misfit.missed(((SockZygote) parent).traces(), spec.packages(), packages::installed);
    }

    @Override
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        return jobs.run(job);
    }

    @Override
    public long limitMemory(Sandbox sandbox, long bytes) {
        return ((SockSandbox) sandbox).limitMemory(bytes);
    }

    @Override
    public boolean isFromSandbox(InetSocketAddress client, InetSocketAddress server) {
        return clients.areSandboxes(client, server);
    }

    @Override
    public Optional<String> cannotRuleNetwork() {
        return network.lacking();
    }

    @Override
    public Map<String, Long> networkRefusals() {
        return network.refusals();
    }

    /** Who makes fresh sandboxes; for tests of the warden's sudden end. */
    WardenSupervisor wardens() {
        return wardens;
    }

    /** The worker's groups; for tests of what holds for all sandboxes, and of what is left. */
    CgroupTree cgroups() {
        return cgroups;
    }

    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            wardens.close();
            supplier.shutdown();
            supplier.awaitTermination(5, TimeUnit.SECONDS);
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
