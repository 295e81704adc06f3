package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * One zygote tree at work. A node becomes a zygote when a leaf first needs it; a bare package name in a node makes one
 * zygote for each combination of versions that lambdas pin. The root is two zygotes: see {@link LibraryRoot}.
 *
 * <p>A leaf is forked from the zygote that saves it the most import time. If that one cannot import its packages, it is
 * left alone for a while and the next best one serves; if there is no memory for it, the best one that lives; if none
 * lives, the leaf is a fresh process. A zygote that is gone or cannot fork is replaced once. One that was evicted is
 * made again, for a while, only if there is free memory for it: otherwise zygotes would evict each other all the time.
 *
 * <p>It can move over to another tree while it works, see {@link #moveTo}. The tree's shape is a {@link Layout},
 * {@link NodeZygotes} makes the zygotes behind its nodes, and {@link TreeMoves} knows which tree is the present one.
 */
public final class TreeCache implements ImportCache {

    private static final System.Logger LOG = System.getLogger(TreeCache.class.getName());
    /** Want of memory is logged no more often than this: it comes in swarms. */
    private static final long NANOS_BETWEEN_WARNINGS = Duration.ofMinutes(1).toNanos();

    private final Sandboxes sandboxes;
    private final Packages packages;
    private final double minSavingMillis;
    private final LongSupplier nanoTime;
    private final Slots slots;
    private final NodeZygotes zygotes;
    private final LibraryRoot library;
    private final TreeMoves moves;
    private final LongAdder fromNodes = new LongAdder();
    private final LongAdder fromRoot = new LongAdder();
    private final LongAdder fresh = new LongAdder();
    private final LongAdder noRoom = new LongAdder();
    private final AtomicLong lastWarning;

    /**
     * @param tree the tree
     * @param options its options
     * @param context what the worker gives; its own options and its {@code import_cache_tree} are not read again
     */
    public TreeCache(ZygoteTree tree, TreeOptions options, ImportCacheContext context) {
        this(tree, options, context, System::nanoTime);
    }

    TreeCache(ZygoteTree tree, TreeOptions options, ImportCacheContext context, LongSupplier nanoTime) {
        this.sandboxes = context.sandboxes();
        this.packages = context.packages();
        this.minSavingMillis = options.minSavingMillis();
        this.nanoTime = nanoTime;
        this.lastWarning = new AtomicLong(nanoTime.getAsLong() - NANOS_BETWEEN_WARNINGS);
        this.slots = new Slots(nanoTime, this::forget);
        this.zygotes = NodeZygotes.of(context.zygoteLimits(), options.retry(), nanoTime, slots);
        this.library = new LibraryRoot(zygotes, options.preload(), sandboxes, nanoTime);
        this.moves = new TreeMoves(layout(tree), slots);
    }

    private void forget(Slot slot) {
        moves.present().forget(slot);
    }

    @Override
    public Leaf createLeaf(LeafRequest request) throws SandboxException, PackageException, InterruptedException {
        Layout layout = moves.enter();
        try {
            return createLeaf(layout, request);
        } finally {
            layout.leave();
        }
    }

    private Leaf createLeaf(Layout layout, LeafRequest request)
            throws SandboxException, PackageException, InterruptedException {
        List<Step> ranked = layout.ranked(request.spec().packages());
        for (Step step : ranked) {
            if (!step.isRoot() && zygotes.resting(step)) {
                continue;
            }
            try {
                Leaf leaf = request.sandboxes().createLeafFrom(library.source(layout, step, request), request.spec());
                return counted(layout, step, request, leaf);
            } catch (SandboxException.ZygoteGone e) {
                if (e.kind() != FailureKind.NO_MEMORY) {
                    throw e;
                }
                // It was evicted twice: a third one would be, too.
                return withoutNewZygote(layout, ranked, request, e);
            } catch (MakingFailed e) {
                if (e.error() instanceof SandboxException.NoCapacity) {
                    return withoutNewZygote(layout, ranked, request, e.error());
                }
                if (step.isRoot()) {
                    throw e.error();
                }
            }
        }
        throw new IllegalStateException("the root serves every lambda, but it is not among " + ranked);
    }

    /**
     * {@inheritDoc} Forks it from the zygote from which leaves of the function come; a fresh process if there is no
     * memory for that one.
     */
    @Override
    public Optional<Zygote> createFunctionZygote(FunctionZygoteRequest request)
            throws SandboxException, PackageException, InterruptedException {
        Layout layout = moves.enter();
        try {
            Sandboxes made = request.sandboxes();
            Need need = Need.ahead(made);
            for (Step step : layout.ranked(request.spec().leaf().packages())) {
                if (!step.isRoot() && zygotes.resting(step)) {
                    continue;
                }
                try {
                    return Optional.of(
                            made.createFunctionZygoteFrom(zygotes.source(layout, step, need), request.spec()));
                } catch (MakingFailed e) {
                    LOG.log(System.Logger.Level.DEBUG, "the zygote of a function is forked from a lesser one", e);
                }
            }
            return Optional.of(made.createFunctionZygote(Optional.empty(), request.spec()));
        } finally {
            layout.leave();
        }
    }

    /** There is no memory for another zygote: take what lives, the best first. */
    private Leaf withoutNewZygote(Layout layout, List<Step> ranked, LeafRequest request, SandboxException why)
            throws SandboxException, InterruptedException {
        if (!request.needsLeaf()) {
            // The pool stopped to look for memory because a leaf became free: it gives that one, whatever is asked for.
            return request.sandboxes().createLeaf(Optional.empty(), request.spec());
        }
        noRoom.increment();
        warn(request, why);
        for (Step step : ranked) {
            Optional<Zygote> live = zygotes.living(layout, step);
            if (live.isPresent()) {
                try {
                    return counted(layout, step, request, request.sandboxes().createLeaf(live, request.spec()));
                } catch (SandboxException.ZygoteGone e) {
                    live.get().destroy();
                }
            }
        }
        Leaf leaf = request.sandboxes().createLeaf(Optional.empty(), request.spec());
        if (request.needsLeaf()) {
            fresh.increment();
        }
        return leaf;
    }

    /** A leaf that became free for its request was forked, and counted, for another one. */
    private Leaf counted(Layout layout, Step step, LeafRequest request, Leaf leaf) {
        if (request.needsLeaf()) {
            layout.hit(step);
            (step.isRoot() ? fromRoot : fromNodes).increment();
        }
        return leaf;
    }

    private void warn(LeafRequest request, SandboxException why) {
        long last = lastWarning.get();
        long now = nanoTime.getAsLong();
        if (now - last >= NANOS_BETWEEN_WARNINGS && lastWarning.compareAndSet(last, now)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no memory for the best zygote of lambda {0} ({1}); it is served from a"
                            + " lesser one or none. Raise mem_pool_mb if this goes on.",
                    request.spec().lambda(),
                    why.getMessage());
        }
    }

    /** The tree at work now. */
    Layout present() {
        return moves.present();
    }

    /** A tree that could be moved to; nothing is made for it yet. */
    Layout layout(ZygoteTree tree) {
        return new Layout(tree, new Plans(tree, packages, minSavingMillis, zygotes::made));
    }

    /**
     * Makes the best zygote for lambdas with these pins, ahead of the move to its layout. Whoever needs it later finds
     * it there. That it cannot be made is nobody's loss yet, so nothing is said of it but what {@link #createLeaf}
     * would.
     */
    void prepare(Layout next, Set<PackageId> pins) throws PackageException, InterruptedException {
        Step best = next.ranked(pins).getFirst();
        if (!zygotes.resting(best)) {
            try {
                zygotes.zygote(next, best, Need.ahead(sandboxes));
            } catch (MakingFailed | SandboxException e) {
                LOG.log(System.Logger.Level.DEBUG, "a zygote of the next tree cannot be made yet", e);
            }
        }
    }

    /**
     * Lets all new leaves come from another tree. Zygotes whose packages both trees have stay, those of these lambdas
     * at least; {@link #clearAwayUnused} ends the others. One thread at a time.
     *
     * @param next from {@link #layout} of this cache
     * @param lambdas the pins of the lambdas that are known
     */
    void moveTo(Layout next, Collection<Set<PackageId>> lambdas) throws PackageException, InterruptedException {
        moves.moveTo(next, lambdas);
    }

    /**
     * Ends the zygotes that the present tree has no use for, once no leaf is being made from an earlier one. One thread
     * at a time, the one that moves.
     *
     * @return whether it was done; false if it has to be tried again
     */
    boolean clearAwayUnused() {
        return moves.clearAwayUnused();
    }

    @Override
    public void onEvent(SandboxEvent event) {
        if (event.sandbox() instanceof Zygote zygote && !zygote.alive()) {
            slots.forget(zygote, event.kind() == SandboxEvent.Kind.EVICTED);
            library.forget(zygote, event.kind() == SandboxEvent.Kind.EVICTED);
        }
    }

    @Override
    public Map<String, Number> statistics() {
        Map<String, Number> numbers = new TreeMap<>();
        numbers.put("nodes", moves.present().tree().size());
        numbers.put("leaves_from_nodes", fromNodes.sum());
        numbers.put("leaves_from_root", fromRoot.sum());
        numbers.put("leaves_fresh", fresh.sum());
        numbers.put("zygotes_without_room", noRoom.sum());
        numbers.put("leaves_from_library", library.leaves());
        zygotes.addStatistics(numbers);
        return Map.copyOf(numbers);
    }

    @Override
    public CacheShape shape() {
        return moves.present().shape();
    }

    @Override
    public void close() {
        library.close();
        slots.close();
    }
}
