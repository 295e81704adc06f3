package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.launch.JobLauncher;
import io.zygotes.sandbox.sock.launch.LaunchContext;
import io.zygotes.sandbox.sock.launch.LeafLauncher;
import io.zygotes.sandbox.sock.launch.LeafSpecialist;
import io.zygotes.sandbox.sock.launch.Misfit;
import io.zygotes.sandbox.sock.launch.ZygoteLauncher;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.sandbox.sock.sandbox.SockSandbox;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.sandbox.sock.warden.WardenPlan;
import io.zygotes.sandbox.sock.warden.WardenSupervisor;
import io.zygotes.spi.FunctionZygoteSpec;
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
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;

/** Makes SOCK sandboxes: puts the parts together, and delegates. See {@code docs/sandbox.md} for the whole picture. */
final class SockMechanism implements SandboxMechanism {

    private final Packages packages;
    private final SockParts parts;
    private final Clients clients;
    private final LeafLauncher leaves;
    private final LeafSpecialist specialist;
    private final ZygoteLauncher zygotes;
    private final JobLauncher jobs;

    private SockMechanism(Packages packages, HostIds ids, SockParts parts) {
        this.packages = packages;
        this.parts = parts;
        clients = new Clients(ids, parts.cgroups());
        LaunchContext launches = parts.launches();
        specialist = new LeafSpecialist(launches);
        leaves = new LeafLauncher(launches, specialist);
        zygotes = new ZygoteLauncher(launches);
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
        SockMechanism mechanism = new SockMechanism(context.packages(), ids, SockParts.make(context, plan, cgroups));
        boolean started = false;
        try {
            mechanism.wardens().warden();
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
    public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
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
        return parts.network().lacking();
    }

    @Override
    public Map<String, Long> networkRefusals() {
        return parts.network().refusals();
    }

    /** Who makes fresh sandboxes; for tests of the warden's sudden end. */
    WardenSupervisor wardens() {
        return parts.wardens();
    }

    /** The worker's groups; for tests of what holds for all sandboxes, and of what is left. */
    CgroupTree cgroups() {
        return parts.cgroups();
    }

    @Override
    public void close() {
        parts.close();
    }
}
