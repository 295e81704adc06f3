package io.zygotes.core.pool;

import io.zygotes.spi.ModuleFindings;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;

/** Has the mechanism fork zygotes, with the further modules that their lambdas need. Safe for use by many threads. */
final class ZygoteForks {

    private static final Logger LOG = System.getLogger(ZygoteForks.class.getName());

    private final PoolServices services;
    private final PoolListener listener;

    ZygoteForks(PoolServices services, PoolListener listener) {
        this.services = services;
        this.listener = listener;
    }

    /** Whatever further modules do, it is made: without those that spoil it, or else without any. */
    Zygote fork(PooledZygote zygote, ZygotePlan plan) throws SandboxException, InterruptedException {
        if (plan.function().isPresent()) {
            return forkOnce(zygote, plan); // its own code says what it imports
        }
        ZygoteModules modules = listener.modules();
        ZygoteSpec whole = modules.whole(plan.spec());
        for (int attempt = 1; !whole.modules().isEmpty(); attempt++) {
            try {
                Zygote made = forkOnce(zygote, new ZygotePlan(whole));
                modules.learn(whole, made.moduleFindings());
                return made;
            } catch (SandboxException.ModulesFailed e) {
                LOG.log(Level.WARNING, e.getMessage() + ". It is made without");
                modules.learn(whole, new ModuleFindings(e.modules(), Map.of()));
                whole = attempt == 1 ? modules.whole(plan.spec()) : without(plan.spec());
            }
        }
        return forkOnce(zygote, new ZygotePlan(whole));
    }

    private static ZygoteSpec without(ZygoteSpec spec) {
        return new ZygoteSpec(spec.packages(), spec.limits());
    }

    private Zygote forkOnce(PooledZygote zygote, ZygotePlan plan) throws SandboxException, InterruptedException {
        if (zygote == null) {
            return plan.make(services.mechanism(), Optional.empty());
        }
        return zygote.whileHeld(parent -> plan.make(services.mechanism(), parent));
    }
}
