package io.zygotes.spi.testkit;

import io.zygotes.spi.ForwardingSandboxes;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A request for a leaf, as an import cache gets it; made by {@link FakeSandboxes#request}. Safe for use by many
 * threads.
 *
 * <p>The fake pool never waits, so a leaf that becomes free while the request waits for memory is played in two steps,
 * both in a {@link Trouble}: call {@link #becameFree}, then throw {@link SandboxException.NoCapacity}.
 */
public final class FakeRequest implements LeafRequest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final FakeSandboxes pool;
    private final LeafSpec spec;
    private final AtomicReference<Leaf> free = new AtomicReference<>();
    private final List<Leaf> leaves = new ArrayList<>();
    private volatile Set<String> imports = Set.of();

    FakeRequest(FakeSandboxes pool, LeafSpec spec) {
        this.pool = pool;
        this.spec = Objects.requireNonNull(spec);
    }

    /** Says what the lambda's code imports. */
    public FakeRequest importing(String... modules) {
        imports = Set.of(modules);
        return this;
    }

    @Override
    public Set<String> imports() {
        return imports;
    }

    /**
     * Says that a leaf of the lambda became free for the request, which needs no other one from now on.
     *
     * @param leaf what {@link #sandboxes} gives instead of a new leaf
     */
    public void becameFree(Leaf leaf) {
        free.set(Objects.requireNonNull(leaf));
    }

    /** The leaves that {@link #sandboxes} gave so far: those that were made, and the one that became free. */
    public List<Leaf> leaves() {
        synchronized (leaves) {
            return List.copyOf(leaves);
        }
    }

    @Override
    public LeafSpec spec() {
        return spec;
    }

    @Override
    public boolean needsLeaf() {
        return free.get() == null;
    }

    @Override
    public Duration remaining() {
        return PATIENCE;
    }

    @Override
    public Sandboxes sandboxes() {
        return new ForwardingSandboxes(pool) {
            @Override
            public Leaf createLeaf(Optional<Zygote> parent, LeafSpec what)
                    throws SandboxException, InterruptedException {
                Leaf leaf = freeOrNew(parent, what);
                synchronized (leaves) {
                    leaves.add(leaf);
                }
                return leaf;
            }
        };
    }

    private Leaf freeOrNew(Optional<Zygote> parent, LeafSpec what) throws SandboxException, InterruptedException {
        Leaf there = free.get();
        if (there != null) {
            return there;
        }
        try {
            return pool.createLeaf(parent, what);
        } catch (SandboxException.NoCapacity e) {
            there = free.get();
            if (there == null) {
                throw e;
            }
            return there;
        }
    }
}
