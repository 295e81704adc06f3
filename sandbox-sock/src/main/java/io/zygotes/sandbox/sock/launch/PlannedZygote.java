package io.zygotes.sandbox.sock.launch;

import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.ZygoteSpec;
import java.util.List;
import java.util.Optional;

/**
 * What a zygote is to be.
 *
 * @param packages what it can see, and has imported when it is ready; that of a function imports what that needs
 * @param label whose it is, for people
 * @param account under which name refusals of the network are counted
 * @param function of a zygote of a function
 * @param trial whether it forks one leaf only, which runs nothing
 */
record PlannedZygote(
        ZygoteSpec spec,
        Network network,
        NetworkRules rules,
        String label,
        String account,
        Optional<FunctionZygoteSpec> function,
        boolean trial) {

    /**
     * Who forks needs processes for it: one that goes through its rehearsals beside it, or is in the middle of a fork.
     */
    private static final int PROCESSES_TO_FORK = 2;

    static PlannedZygote of(FunctionZygoteSpec function) {
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
        return new PlannedZygote(
                new ZygoteSpec(packages, limits),
                leaf.network(),
                leaf.rules(),
                leaf.lambda(),
                leaf.lambda(),
                Optional.of(function),
                false);
    }
}
