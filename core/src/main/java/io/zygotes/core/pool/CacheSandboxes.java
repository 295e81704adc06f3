package io.zygotes.core.pool;

import io.zygotes.spi.FunctionZygoteSpec;
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
record CacheSandboxes(SandboxPool pool, SandboxOwner owner, Claimant claimant) implements Sandboxes {

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        requireOpen();
        return pool.maker().createLeaf(owner, claimant, parent, spec);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        requireOpen();
        return kept(pool.maker().createZygote(owner, claimant, parent, spec));
    }

    @Override
    public Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        requireOpen();
        Optional<Zygote> made = pool.maker().createZygoteIfFree(owner, claimant, parent, spec);
        return made.isEmpty() ? made : Optional.of(kept(made.get()));
    }

    @Override
    public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        requireOpen();
        return kept(pool.maker().createFunctionZygote(owner, claimant, parent, spec));
    }

    @Override
    public void weigh(Zygote zygote, double weight) {
        pool.maker().weigh(zygote, weight);
    }

    @Override
    public boolean pin(Zygote zygote) {
        return pool.maker().pin(owner, zygote);
    }

    @Override
    public void unpin(Zygote zygote) {
        pool.maker().unpin(zygote);
    }

    @Override
    public void rest(Leaf leaf) {
        pool.maker().rest(leaf);
    }

    /** A zygote that a cache has not heard of when it is closed would be nobody's to destroy. */
    private Zygote kept(Zygote made) throws SandboxException {
        if (owner.closed()) {
            made.destroy();
        }
        requireOpen();
        return made;
    }

    private void requireOpen() throws SandboxException {
        if (owner.closed()) {
            throw new SandboxException("the import cache that asks for a sandbox was closed: the worker stops, or has"
                    + " another import cache now. A cache must end its threads in close()");
        }
    }
}
