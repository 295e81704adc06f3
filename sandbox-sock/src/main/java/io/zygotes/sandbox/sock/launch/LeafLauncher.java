package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.protocol.CommonPart;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.protocol.ProcessLimits;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.protocol.SandboxKind;
import io.zygotes.sandbox.sock.resource.Kit;
import io.zygotes.sandbox.sock.sandbox.CreationStep;
import io.zygotes.sandbox.sock.sandbox.SockLeaf;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.sandbox.sock.warden.BaseRoot;
import io.zygotes.sandbox.sock.warden.HostNames;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes leaves, forked from a zygote or fresh, and spares. For many threads. */
public final class LeafLauncher {

    /**
     * Uids that leaves see as their own: different for each of so many. They have entries in /etc/passwd: see BaseRoot.
     */
    private static final int FIRST_LEAF_ID = BaseRoot.FIRST_LAMBDA_ID, LEAF_IDS = BaseRoot.LAMBDA_IDS;

    private final LaunchContext context;
    private final LeafSpecialist specialist;
    private final AtomicInteger leaves = new AtomicInteger();

    /**
     * @param context what all launches share
     * @param specialist tells leaves what cannot be told ahead
     */
    public LeafLauncher(LaunchContext context, LeafSpecialist specialist) {
        this.context = context;
        this.specialist = specialist;
    }

    /**
     * What is known of a leaf before it is made.
     *
     * @param zygote what it is forked from; empty for a fresh one
     * @param ahead what it is for, if all that it needs beside its code is in the zygote: then it is told so ahead, and
     *     goes at once. Empty for one that is to be specialised
     * @param spare whether there is time until it is specialised
     */
    private record Plan(
            Optional<SockZygote> zygote, Limits limits, Network network, Optional<LeafSpec> ahead, boolean spare) {

        /** Of the limits that it sets itself, those that are told with the request. */
        Optional<ProcessLimits> toldLimits() {
            return spare || ahead.isPresent() ? Optional.of(ProcessLimits.of(limits)) : Optional.empty();
        }
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#createLeaf}. */
    public SockLeaf launch(Optional<SockZygote> zygote, LeafSpec spec) throws SandboxException, InterruptedException {
        if (zygote.isPresent() && zygote.get().function().isPresent()) {
            // All that it is told was told to its zygote.
            return launch(new Plan(zygote, spec.limits(), spec.network(), Optional.of(spec), false));
        }
        boolean hasAll = zygote.isPresent() && zygote.get().hasAll(spec.packages());
        // What does not fit is told later, on the leaf's own channel.
        if (hasAll && fits(spec.environment()) && OwnNeeds.of(zygote, spec).isNone()) {
            return launch(new Plan(zygote, spec.limits(), spec.network(), Optional.of(spec), false));
        }
        SockLeaf leaf = launch(new Plan(zygote, spec.limits(), spec.network(), Optional.empty(), false));
        return specialist.specialise(leaf, spec);
    }

    private static boolean fits(Map<String, String> environment) throws SandboxException {
        try {
            return LaunchRequest.fits(environment);
        } catch (IOException e) {
            throw new SandboxException("cannot write the environment of a leaf as JSON: " + e.getMessage(), e);
        }
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#createSpare}. */
    public SockLeaf launchSpare(SockZygote zygote, Limits limits, Network network)
            throws SandboxException, InterruptedException {
        try {
            return launch(new Plan(Optional.of(zygote), limits, network, Optional.empty(), true));
        } finally {
            zygote.kits().replenish(limits);
        }
    }

    private SockLeaf launch(Plan plan) throws SandboxException, InterruptedException {
        Forker forker = plan.zygote().isPresent()
                ? new ZygoteForker(plan.zygote().get(), context.texts())
                : new WardenForker(context.wardens());
        Launch launch = new Launch(context, SandboxKind.LEAF, forker);
        try {
            // Ids come first, because a scratch folder belongs to one.
            Identity identity = launch.use(identity(plan));
            Kit kit = launch.use(kit(launch, plan, identity));
            launch.step(CreationStep.PREPARE);

            // The object is there before its process, so that whatever the process does has an owner.
            SockLeaf leaf = launch.begun(leaf(launch, plan, identity, kit));
            launch.printTo(kit, leaf, leaf::label);
            if (plan.ahead().isPresent()) {
                leaf.specialise(plan.ahead().get());
            }
            enclose(leaf, plan);
            if (plan.ahead().isPresent()) {
                launch.mount(plan.ahead().get().handler());
                launch.step(CreationStep.MOUNTS);
            }

            launch.ask(request(launch, plan, identity, kit));
            launch.step(CreationStep.REQUEST);

            launch.awaitHello(leaf, leaf.group());
            launch.step(CreationStep.CLONE);

            // It waits for the go, so nothing of the lambda's runs before it is under all limits.
            leaf.group().join(leaf.pid());
            launch.step(CreationStep.CHECK);

            if (plan.ahead().isPresent()) {
                leaf.channel().send(Frame.goNow(), launch.deadline());
                launch.step(CreationStep.GO);
            }
            launch.succeed();
            return leaf;
        } catch (IOException | TimeoutException e) {
            throw launch.failed(e);
        } finally {
            launch.close();
        }
    }

    private void enclose(SockLeaf leaf, Plan plan) throws IOException, SandboxException, InterruptedException {
        NetworkRules rules = plan.ahead().map(LeafSpec::rules).orElse(context.untilSpecialised());
        String account = plan.ahead().map(LeafSpec::lambda).orElse(SandboxNetwork.ZYGOTES);
        context.network().enclose(leaf, plan.network(), rules, leaf.label(), account);
    }

    private Identity identity(Plan plan) {
        int uid = FIRST_LEAF_ID + Math.floorMod(leaves.getAndIncrement(), LEAF_IDS);
        return plan.zygote().isPresent()
                ? Identity.of(plan.zygote().get(), uid)
                : Identity.fresh(context.freshIds(), uid);
    }

    private GroupPool pool(Plan plan) {
        return plan.zygote().isPresent() ? plan.zygote().get().pool() : context.fresh();
    }

    /** One that was made ahead for the zygote's leaves, or a new one. */
    private Kit kit(Launch launch, Plan plan, Identity identity) throws IOException {
        Kit kit = plan.zygote().isPresent()
                ? plan.zygote().get().kits().take(plan.limits())
                : context.freshKit(plan.limits(), identity);
        launch.onFailure(() -> pool(plan).giveBack(kit.group(), false));
        return kit;
    }

    private SockLeaf leaf(Launch launch, Plan plan, Identity identity, Kit kit) {
        return new SockLeaf(
                launch.belongings(kit, context.worker().events()),
                pool(plan),
                plan.zygote(),
                plan.spare() ? plan.toldLimits() : Optional.empty(),
                launch.times(),
                identity.release());
    }

    private LaunchRequest request(Launch launch, Plan plan, Identity identity, Kit kit) {
        CommonPart common = new CommonPart(
                SandboxKind.LEAF,
                plan.network() == Network.NONE,
                context.worker().seccomp(),
                true,
                plan.spare(),
                plan.ahead().isPresent() ? List.of(Protocol.PATH_HANDLER) : List.of(),
                plan.toldLimits());
        Map<String, String> own = ownEnvironment(plan);
        Map<String, String> environment = own.isEmpty() ? own : SandboxEnvironment.with(own);
        return new LaunchRequest(
                common,
                HostNames.ofLeaf(identity.ids().inside()),
                identity.ids(),
                environment,
                launch.descriptors(kit));
    }

    /** What differs from its zygote's. */
    private static Map<String, String> ownEnvironment(Plan plan) {
        boolean inherited = plan.zygote().flatMap(SockZygote::function).isPresent();
        return inherited ? Map.of() : plan.ahead().map(LeafSpec::environment).orElse(Map.of());
    }
}
