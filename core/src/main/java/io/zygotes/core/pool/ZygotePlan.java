package io.zygotes.core.pool;

import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.SandboxMechanism;
import java.util.Optional;

/**
 * What a zygote is to be.
 *
 * @param function what it is told of its function, if it is the zygote of one
 */
record ZygotePlan(ZygoteSpec spec, Optional<FunctionZygoteSpec> function) {

    ZygotePlan(ZygoteSpec spec) {
        this(spec, Optional.empty());
    }

    /** That of a function may use as much as a leaf of it, and has to have room for its forks afterwards as well. */
    long bytes() {
        return ((long) spec.limits().memMb() << 20) + (function.isPresent() ? PooledZygote.SLACK : 0);
    }

    Zygote make(SandboxMechanism mechanism, Optional<Zygote> parent) throws SandboxException, InterruptedException {
        return function.isPresent()
                ? mechanism.createFunctionZygote(parent, function.get())
                : mechanism.createZygote(parent, spec);
    }
}
