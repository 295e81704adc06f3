package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.IdBlock;
import io.zygotes.sandbox.sock.protocol.CommonPart;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.IdMap;
import io.zygotes.sandbox.sock.protocol.Instructions;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.protocol.PackageFolder;
import io.zygotes.sandbox.sock.protocol.ProcessLimits;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.protocol.SandboxKind;
import io.zygotes.sandbox.sock.resource.Kit;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.sandbox.sock.warden.HostNames;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.ZygoteSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Makes zygotes, forked from another one or fresh, and has them import their packages. For many threads. */
public final class ZygoteLauncher {

    /** User namespaces nest 32 deep (user_namespaces(7)): the warden's, the leaf's, and some to spare. */
    private static final int DEEPEST = 28;
    /**
     * The deepest zygote with a Landlock scope of its own: the kernel stacks 16 (landlock(7)), one is for the leaf, and
     * some are to spare. Those below share the one above them.
     */
    private static final int DEEPEST_SCOPE = 11;

    private final LaunchContext context;
    private final IdBlock ids = IdBlock.ofWorker();
    private final Network network;
    private final NetworkRules rules;

    /** @param context what all launches share */
    public ZygoteLauncher(LaunchContext context) {
        this.context = context;
        network = context.worker().network().zygotes();
        rules = context.worker().network().zygoteRules();
    }

    /**
     * What a zygote is to be.
     *
     * @param packages what it can see, and has imported when it is ready; that of a function imports what that needs
     * @param label whose it is, for people
     * @param account under which name refusals of the network are counted
     * @param function of a zygote of a function
     * @param trial whether it forks one leaf only, which runs nothing
     */
    private record Plan(
            ZygoteSpec spec,
            Network network,
            NetworkRules rules,
            String label,
            String account,
            Optional<FunctionZygoteSpec> function,
            boolean trial) {

        /**
         * Who forks needs processes for it: one that goes through its rehearsals beside it, or is in the middle of a
         * fork.
         */
        private static final int PROCESSES_TO_FORK = 2;

        static Plan of(FunctionZygoteSpec function) {
            LeafSpec leaf = function.leaf();
            Limits own = leaf.limits();
            Limits limits = new Limits(
                    own.memMb(),
                    own.procs() + PROCESSES_TO_FORK,
                    own.cpuPercent(),
                    own.swappiness(),
                    own.runtimeSec(),
                    own.openFiles(),
                    own.tmpMb());
            List<PackageId> packages = leaf.packages().stream().sorted().toList();
            return new Plan(
                    new ZygoteSpec(packages, limits),
                    leaf.network(),
                    leaf.rules(),
                    leaf.lambda(),
                    leaf.lambda(),
                    Optional.of(function),
                    false);
        }
    }

    private Plan plan(ZygoteSpec spec, boolean trial) {
        return new Plan(spec, network, rules, "zygote", SandboxNetwork.ZYGOTES, Optional.empty(), trial);
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#createZygote}. */
    public SockZygote launch(Optional<SockZygote> above, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        return launch(above, plan(spec, false));
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#createFunctionZygote}. */
    public SockZygote launch(Optional<SockZygote> above, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        return launch(above, Plan.of(spec));
    }

    /**
     * Makes one that forks a single leaf, whose code is never run: whether the machine lets it.
     *
     * @param limits of the zygote
     */
    public SockZygote launchTrial(Limits limits) throws SandboxException, InterruptedException {
        return launch(Optional.empty(), plan(new ZygoteSpec(List.of(), limits), true));
    }

    private SockZygote launch(Optional<SockZygote> above, Plan plan) throws SandboxException, InterruptedException {
        ZygoteSpec spec = plan.spec();
        long deadline =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(spec.limits().runtimeSec());
        Forker forker = above.isPresent()
                ? new ZygoteForker(above.get(), context.texts())
                : new WardenForker(context.wardens());
        Launch launch = new Launch(context, SandboxKind.ZYGOTE, forker);
        try {
            int depth = depth(above);
            IdBlock block = (above.isPresent() ? above.get().ids() : ids).child();
            launch.onFailure(block::release);
            int owner = context.cgroups().hostId(block.start());
            GroupPool pool = context.cgroups().pool(launch.id(), owner, context.network(), context.reaper());
            launch.onFailure(pool::retire);
            Kit kit = launch.use(kit(launch, spec, pool));

            SockZygote zygote = launch.begun(new SockZygote(
                    launch.belongings(kit, context.worker().events()),
                    pool,
                    context.kits().stock(pool),
                    spec,
                    plan.function().map(FunctionZygoteSpec::leaf),
                    block,
                    depth));
            launch.printTo(kit, zygote, plan::label);
            context.network().enclose(zygote, plan.network(), plan.rules(), plan.label(), plan.account());

            launch.ask(request(launch, kit, block, depth, plan));
            launch.awaitHello(zygote, above.isPresent() ? above.get().group() : zygote.group());
            if (above.isPresent()) {
                takeIn(zygote, above.get(), deadline);
            }
            // It waits for its orders, so no package is imported before it is under all limits.
            zygote.group().join(zygote.pid());

            if (plan.function().isPresent()) {
                giveOrders(zygote, plan.function().get(), spec, above);
                zygote.awaitSnapshot(Duration.ofSeconds(spec.limits().runtimeSec()));
            } else {
                giveOrders(zygote, spec, above);
                zygote.awaitReady(deadline);
            }
            launch.succeed();
            return zygote;
        } catch (IOException | TimeoutException e) {
            throw launch.failed(e);
        } finally {
            launch.close();
        }
    }

    private static int depth(Optional<SockZygote> above) throws SandboxException {
        int depth = above.isPresent() ? above.get().depth() + 1 : 0;
        if (depth > DEEPEST) {
            throw new SandboxException("a zygote cannot stand below more than " + DEEPEST
                    + " others: user namespaces nest 32 deep at the most. Make the tree flatter");
        }
        return depth;
    }

    private Kit kit(Launch launch, ZygoteSpec spec, GroupPool pool) throws IOException {
        Kit kit = context.kits().makeOfZygote(pool, spec.limits());
        launch.onFailure(() -> pool.giveBack(kit.group(), false));
        return kit;
    }

    private LaunchRequest request(Launch launch, Kit kit, IdBlock block, int depth, Plan plan) {
        CommonPart common = new CommonPart(
                SandboxKind.ZYGOTE,
                plan.network() == Network.NONE,
                context.worker().seccomp(),
                depth <= DEEPEST_SCOPE,
                false,
                List.of(),
                Optional.empty());
        IdMap map = new IdMap(Protocol.FIRST_ID, block.start(), block.count());
        return new LaunchRequest(common, HostNames.ZYGOTE, map, Map.of(), launch.descriptors(kit), plan.trial());
    }

    /**
     * A zygote that was forked is born in its parent's group, without ids: it is moved, and the warden writes its maps,
     * which an unprivileged process cannot.
     */
    private void takeIn(SockZygote zygote, SockZygote above, long deadline)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        if (zygote.pid() == above.pid()) {
            throw new IOException(above + " answered in place of its child");
        }
        zygote.group().adopt(zygote.pid());
        IdBlock block = zygote.ids();
        int outside = Protocol.FIRST_ID + block.start() - above.ids().start();
        IdMap map = new IdMap(Protocol.FIRST_ID, outside, block.count());
        await(context.wardens().warden().map(zygote.pid(), map));
        zygote.channel().send(Frame.idsAreMapped(), deadline);
    }

    /** Waits for an answer of the warden. */
    private void await(CompletableFuture<Void> answer) throws IOException, TimeoutException, InterruptedException {
        try {
            try {
                answer.get(Launch.GO_ON_AFTER, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                context.wardens().goOn();
                answer.get(Launch.patience(), TimeUnit.SECONDS);
            }
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    private void giveOrders(SockZygote zygote, ZygoteSpec spec, Optional<SockZygote> above)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        List<PackageId> inherited = above.isPresent() ? above.get().packages() : List.of();
        List<PackageInfo> imports = new ArrayList<>();
        for (PackageId id : spec.packages()) {
            if (!inherited.contains(id)) {
                imports.add(context.installed(id));
            }
        }
        try (Orders orders = new Orders(context, zygote)) {
            orders.mountPackages(spec.packages());
            orders.go(new Instructions.ForZygote(
                    spec.limits().openFiles(),
                    SandboxEnvironment.with(Map.of()),
                    PackageFolder.names(spec.packages()),
                    imports,
                    spec.modules(),
                    Optional.empty()));
        }
    }

    /** It imports no package by itself: the function's code does, as in any program. */
    private void giveOrders(SockZygote zygote, FunctionZygoteSpec function, ZygoteSpec spec, Optional<SockZygote> above)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        LeafSpec leaf = function.leaf();
        OwnNeeds needs = OwnNeeds.of(above, leaf);
        try (Orders orders = new Orders(context, zygote)) {
            orders.mount(leaf.handler(), Protocol.PATH_HANDLER, true, false);
            orders.mountPackages(spec.packages());
            orders.go(new Instructions.ForZygote(
                    spec.limits().openFiles(),
                    SandboxEnvironment.with(leaf.environment()),
                    PackageFolder.names(spec.packages()),
                    List.of(),
                    List.of(),
                    Optional.of(new Instructions.ForFunction(
                            ProcessLimits.of(spec.limits()).fileBytes(),
                            needs.shadowed(),
                            OwnNeeds.processors(leaf),
                            function.event()))));
        }
    }
}
