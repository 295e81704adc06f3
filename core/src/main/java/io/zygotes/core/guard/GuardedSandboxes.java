package io.zygotes.core.guard;

import io.zygotes.spi.ForwardingSandboxes;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.util.Optional;

/**
 * The pool as one cache has it for what it makes of its own accord, from its making to its end: a thread that a closed
 * cache left behind makes no sandboxes, which nobody would destroy. Safe for use by many threads.
 */
final class GuardedSandboxes extends ForwardingSandboxes {

    /** The call that the thread is in. */
    private final ThreadLocal<CallLeaves> call = new ThreadLocal<>();

    private final String cache;
    private volatile boolean closed;

    /**
     * @param cache its name
     * @param pool makes the sandboxes
     */
    GuardedSandboxes(String cache, Sandboxes pool) {
        super(pool);
        this.cache = cache;
    }

    /** The thread begins a {@code createLeaf}. */
    void enter(CallLeaves leaves) {
        call.set(leaves);
    }

    /** The thread has ended it. */
    void leave() {
        call.remove();
    }

    /** The cache is closed. */
    void close() {
        closed = true;
    }

    @Override
    public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {
        checkOpen("a leaf for lambda " + spec.lambda());
        Leaf made = super.createLeaf(parent, spec);
        CallLeaves present = call.get();
        if (present != null) {
            present.noteOfOwnAccord(made);
        } else {
            keepUnlessClosed(made);
        }
        return made;
    }

    @Override
    public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {
        checkOpen("a zygote");
        Zygote made = super.createZygote(parent, spec);
        keepUnlessClosed(made);
        return made;
    }

    @Override
    public Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
            throws SandboxException, InterruptedException {
        checkOpen("a zygote");
        Optional<Zygote> made = super.createZygoteIfFree(parent, spec);
        if (made.isPresent()) {
            keepUnlessClosed(made.get());
        }
        return made;
    }

    @Override
    public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
            throws SandboxException, InterruptedException {
        checkOpen("a zygote");
        Zygote made = super.createFunctionZygote(parent, spec);
        keepUnlessClosed(made);
        return made;
    }

    private void checkOpen(String what) throws SandboxException {
        if (closed) {
            throw new SandboxException("the import cache \"" + cache + "\" is closed and gets no more sandboxes, not "
                    + what + ": its threads have to end in close()");
        }
    }

    private void keepUnlessClosed(Sandbox made) throws SandboxException {
        if (closed) {
            made.destroy();
            checkOpen(made.id());
        }
    }
}
