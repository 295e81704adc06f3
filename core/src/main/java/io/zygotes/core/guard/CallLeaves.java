package io.zygotes.core.guard;

import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.spi.ForwardingSandboxes;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The leaves that a cache makes during one {@code createLeaf}. All but the one that it returns are destroyed when that
 * ends: nobody else knows of them, and their memory would be taken for ever. Safe for use by many threads.
 */
final class CallLeaves {

    private final List<Leaf> forRequest = new ArrayList<>();
    private final List<Leaf> ofOwnAccord = new ArrayList<>();
    private boolean ended;

    /** The pool of the request, which notes what is made with it. */
    Sandboxes watching(Sandboxes sandboxes) {
        return watching(sandboxes, zygote -> {});
    }

    /**
     * As {@link #watching(Sandboxes)}.
     *
     * @param functionZygotes hears of the zygotes of functions that are made with it
     */
    Sandboxes watching(Sandboxes sandboxes, Consumer<Zygote> functionZygotes) {
        return new ForwardingSandboxes(sandboxes) {
            @Override
            public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec)
                    throws SandboxException, InterruptedException {
                Leaf made = super.createLeaf(parent, spec);
                if (!note(made)) {
                    destroyUnlessTaken(made);
                    throw new SandboxException("a leaf for lambda " + spec.lambda() + " came too late: the createLeaf"
                            + " whose request it was for has ended");
                }
                return made;
            }

            @Override
            public Zygote createFunctionZygote(Optional<Zygote> parent, FunctionZygoteSpec spec)
                    throws SandboxException, InterruptedException {
                Zygote made = super.createFunctionZygote(parent, spec);
                functionZygotes.accept(made);
                return made;
            }
        };
    }

    private synchronized boolean note(Leaf made) {
        if (!ended) {
            forRequest.add(made);
        }
        return !ended;
    }

    /** One that the calling thread made during the call, but not with the request's pool. It may be for later. */
    synchronized void noteOfOwnAccord(Leaf made) {
        ofOwnAccord.add(made);
    }

    /**
     * Ends the call.
     *
     * @param returned what it returned; null if it failed, and then what was made of its own accord goes as well: a
     *     cache without {@code createLeaf(LeafRequest)} makes all its leaves that way
     */
    void end(Leaf returned) {
        List<Leaf> lost;
        synchronized (this) {
            ended = true;
            lost = new ArrayList<>(forRequest);
            if (returned == null) {
                lost.addAll(ofOwnAccord);
            }
        }
        for (Leaf leaf : lost) {
            if (leaf != returned) {
                destroyUnlessTaken(leaf);
            }
        }
    }

    /** A leaf that became free for the request was made for another one, and is its lambda's. */
    private static void destroyUnlessTaken(Leaf leaf) {
        if (leaf instanceof PooledLeaf pooled && pooled.adopt()) {
            pooled.destroy();
        }
    }
}
