package io.zygotes.core.guard;

import io.zygotes.core.pool.PooledLeaf;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
        return new Sandboxes() {
            @Override
            public Leaf createLeaf(Optional<Zygote> parent, LeafSpec spec)
                    throws SandboxException, InterruptedException {
                Leaf made = sandboxes.createLeaf(parent, spec);
                if (!note(made)) {
                    destroyUnlessTaken(made);
                    throw new SandboxException("a leaf for lambda " + spec.lambda() + " came too late: the createLeaf"
                            + " whose request it was for has ended");
                }
                return made;
            }

            @Override
            public Zygote createZygote(Optional<Zygote> parent, ZygoteSpec spec)
                    throws SandboxException, InterruptedException {
                return sandboxes.createZygote(parent, spec);
            }

            @Override
            public Optional<Zygote> createZygoteIfFree(Optional<Zygote> parent, ZygoteSpec spec)
                    throws SandboxException, InterruptedException {
                return sandboxes.createZygoteIfFree(parent, spec);
            }

            @Override
            public void weigh(Zygote zygote, double weight) {
                sandboxes.weigh(zygote, weight);
            }

            @Override
            public boolean pin(Zygote zygote) {
                return sandboxes.pin(zygote);
            }

            @Override
            public void unpin(Zygote zygote) {
                sandboxes.unpin(zygote);
            }

            @Override
            public void rest(Leaf leaf) {
                sandboxes.rest(leaf);
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
