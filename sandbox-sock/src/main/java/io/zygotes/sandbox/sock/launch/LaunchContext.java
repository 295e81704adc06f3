package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.identity.FreshIds;
import io.zygotes.sandbox.sock.protocol.CommonTexts;
import io.zygotes.sandbox.sock.resource.Kit;
import io.zygotes.sandbox.sock.resource.Kits;
import io.zygotes.sandbox.sock.resource.OutputPump;
import io.zygotes.sandbox.sock.sandbox.Reaper;
import io.zygotes.sandbox.sock.warden.WardenSupervisor;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What all launches of a mechanism share.
 *
 * @param worker what the worker gave the mechanism
 * @param wardens who makes fresh sandboxes, and tells of every end
 * @param cgroups the worker's groups
 * @param fresh groups of sandboxes that are not forked from a zygote
 * @param freshIds ids for these
 * @param kits makes what every sandbox needs
 * @param pump reads what sandboxes print
 * @param reaper frees what they held
 * @param network holds sandboxes to their rules
 * @param texts requests that were written already
 * @param numbers how many sandboxes were begun
 */
public record LaunchContext(
        MechanismContext worker,
        WardenSupervisor wardens,
        CgroupTree cgroups,
        GroupPool fresh,
        FreshIds freshIds,
        Kits kits,
        OutputPump pump,
        Reaper reaper,
        SandboxNetwork network,
        CommonTexts texts,
        AtomicInteger numbers) {

    private static final NetworkRules NOTHING =
            NetworkRules.EVERYTHING.and(new NetworkRules.Layer(List.of(), List.of()));

    /**
     * What a leaf reaches that does not know yet whose it is: no more than what runs in it already, its zygote's code.
     */
    NetworkRules untilSpecialised() {
        boolean none = worker.network().zygotes() == Network.NONE;
        return none && network.lacking().isEmpty() ? NOTHING : worker.network().zygoteRules();
    }

    /** A kit for a leaf or a job that is not forked from a zygote; its group goes back to {@link #fresh}. */
    Kit freshKit(Limits limits, Identity identity) throws IOException {
        return kits.make(fresh, limits, cgroups.hostId(identity.ids().outside()));
    }

    /**
     * What is known of a package that sandboxes are to see.
     *
     * @throws SandboxException if it is not installed
     */
    PackageInfo installed(PackageId id) throws SandboxException {
        return worker.packages().installed(id).orElseThrow(() -> new SandboxException(id + " is not installed"));
    }
}
