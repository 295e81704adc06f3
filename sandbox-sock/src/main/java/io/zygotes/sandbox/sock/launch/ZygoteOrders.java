package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.protocol.Instructions;
import io.zygotes.sandbox.sock.protocol.PackageFolder;
import io.zygotes.sandbox.sock.protocol.ProcessLimits;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.ZygoteSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * What a zygote is told once it is under all limits. For one thread.
 *
 * @param above what it was forked from; empty if it is fresh
 */
record ZygoteOrders(LaunchContext context, SockZygote zygote, Optional<SockZygote> above) {

    /** To import the packages of this zygote that are not inherited, and further modules. */
    void give(ZygoteSpec spec) throws IOException, TimeoutException, InterruptedException, SandboxException {
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

    /** To import a function's code. It imports no package by itself: the code does, as in any program. */
    void give(ZygoteSpec spec, FunctionZygoteSpec function)
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
