package io.zygotes.spi;

import java.util.Objects;
import java.util.Optional;

/**
 * Does all by another {@link Sandboxes}: the base of one that counts, refuses or notes something on the way. A subclass
 * overrides what it does in another way, and calls {@link #delegate} there, or the method of this class.
 *
 * <p>The methods whose names end in {@code From} are not forwarded: they are written in terms of {@link #createLeaf},
 * {@link #createZygote} and {@link #createFunctionZygote} of this object, so that what a subclass does there holds for
 * them as well.
 *
 * <p>Whoever implements {@link Sandboxes} around another one without this base does nothing, in silence, where a later
 * revision has a new method with a body.
 *
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public abstract class ForwardingSandboxes implements Sandboxes {

    private final Sandboxes delegate;

    /**
     * Makes nothing yet.
     *
     * @param delegate what makes the sandboxes
     */
    protected ForwardingSandboxes(Sandboxes delegate) {
        this.delegate = Objects.requireNonNull(delegate);
    }

    /** What makes the sandboxes. */
    protected final Sandboxes delegate() {
        return delegate;
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        return delegate.createLeaf(parent, spec);
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        return delegate.createZygote(parent, spec);
    }

    @Override
    public Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        return delegate.createZygoteIfFree(parent, spec);
    }

    @Override
    public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        return delegate.createFunctionZygote(parent, spec);
    }

    @Override
    public void weigh(Zygote zygote, double weight) {
        delegate.weigh(zygote, weight);
    }

    @Override
    public boolean pin(Zygote zygote) {
        return delegate.pin(zygote);
    }

    @Override
    public void unpin(Zygote zygote) {
        delegate.unpin(zygote);
    }

    @Override
    public void rest(Leaf leaf) {
        delegate.rest(leaf);
    }
}
