package io.zygotes.core.pool;

import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.util.Optional;

/**
 * The pool as an import cache sees it. Of use as soon as the pool has started.
 *
 * @param pool makes the sandboxes
 * @param owner hears of them
 * @param claimant whose memory they take: a request's, or that of nobody in particular
 */
record OwnedSandboxes(SandboxPool pool, SandboxOwner owner, Claimant claimant) implements Sandboxes {

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        return pool.maker().createLeaf(owner, claimant, parent, spec);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        return pool.maker().createZygote(owner, claimant, parent, spec);
    }
}
