package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheContext;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * One zygote tree at work. A node becomes a zygote when a leaf first needs it; a bare package name in a node makes one
 * zygote for each combination of versions that lambdas pin.
 *
 * <p>A leaf is forked from the zygote that saves it the most import time. If that one cannot import its packages, it is
 * left alone for a while and the next best one serves; if there is no memory for it, the best one that lives; if none
 * lives, the leaf is a fresh process. A zygote that is gone or cannot fork is replaced once.
 *
 * <p>It can move over to another tree while it works, see {@link #moveTo}.
 */
public final class TreeCache implements ImportCache {

    private static final System.Logger LOG = System.getLogger(TreeCache.class.getName());
    /** Slots without a zygote are cleared away beyond this number: lambdas may pin versions without end. */
    private static final int MANY_SLOTS = 2048;
    /** Want of memory is logged no more often than this: it comes in swarms. */
    private static final long NANOS_BETWEEN_WARNINGS = Duration.ofMinutes(1).toNanos();

    private final Sandboxes sandboxes;
    private final Packages packages;
    private final double minSavingMillis;
    private final Limits limits;
    private final Duration firstRest;
    private final LongSupplier nanoTime;
    private final Map<Set<PackageId>, Slot> slots = new ConcurrentHashMap<>();
    private final LongAdder fromNodes = new LongAdder();
    private final LongAdder fromRoot = new LongAdder();
    private final LongAdder fresh = new LongAdder();
    private final LongAdder made = new LongAdder();
    private final LongAdder replaced = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder noRoom = new LongAdder();
    private final AtomicLong lastWarning;
    /** Layouts that leaves may still be made from. Used by the thread that moves. */
    private final List<Layout> left = new ArrayList<>();

    private volatile Layout present;
    private volatile boolean closed;

    /** A tree at work: which slots stand behind which node. Slots belong to package sets, so that trees can share them. */
    static final class Layout {
        private final ZygoteTree tree;
        private final Plans plans;
        private final List<Set<Slot>> slotsOfNode = new ArrayList<>();
        private final List<LongAdder> hitsOfNode = new ArrayList<>();
        private final AtomicInteger users = new AtomicInteger();

        private Layout(ZygoteTree tree, Plans plans) {
            this.tree = tree;
            this.plans = plans;
            for (int i = 0; i < tree.size(); i++) {
                slotsOfNode.add(ConcurrentHashMap.newKeySet());
                hitsOfNode.add(new LongAdder());
            }
        }

        ZygoteTree tree() {
            return tree;
        }

        /** Import time that the best node saves a lambda with these pins, in milliseconds. */
        double savedMillis(Set<PackageId> pins) throws PackageException, InterruptedException {
            return plans.savedMillis(pins);
        }

        private void use(Step step, Slot slot) {
            slotsOfNode.get(step.node()).add(slot);
        }

        private boolean uses(Slot slot) {
            return slotsOfNode.stream().anyMatch(slots -> slots.contains(slot));
        }
    }

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
        this.limits = context.zygoteLimits();
        this.firstRest = options.retry();
        this.nanoTime = nanoTime;
        this.lastWarning = new AtomicLong(nanoTime.getAsLong() - NANOS_BETWEEN_WARNINGS);
        this.present = layout(tree);
    }

    @Override
    public Leaf createLeaf(LeafSpec spec) throws SandboxException, PackageException, InterruptedException {
        Layout layout = enter();
        try {
            return createLeaf(layout, spec);
        } finally {
            layout.users.decrementAndGet();
        }
    }

    /** Whoever is in keeps the zygotes of that layout from being cleared away. */
    private Layout enter() {
        while (true) {
            Layout layout = present;
            layout.users.incrementAndGet();
            if (layout == present) {
                return layout;
            }
            layout.users.decrementAndGet();
        }
    }

    private Leaf createLeaf(Layout layout, LeafSpec spec)
            throws SandboxException, PackageException, InterruptedException {
        List<Step> ranked = layout.plans.ranked(spec.packages());
        for (Step step : ranked) {
            if (!step.isRoot() && resting(step)) {
                continue;
            }
            try {
                return fork(layout, step, spec);
            } catch (MakingFailed e) {
                if (e.error() instanceof SandboxException.NoCapacity) {
                    return withoutNewZygote(layout, ranked, spec, e.error());
                }
                if (step.isRoot()) {
                    throw e.error();
                }
            }
        }
        throw new IllegalStateException("the root serves every lambda, but it is not among " + ranked);
    }

    private boolean resting(Step step) {
        long now = nanoTime.getAsLong();
        for (Step each = step; each != null; each = each.source()) {
            Slot slot = slots.get(each.packages());
            if (slot != null && slot.resting(now).isPresent() && slot.live().isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private Leaf fork(Layout layout, Step step, LeafSpec spec)
            throws MakingFailed, SandboxException, InterruptedException {
        Zygote zygote = zygote(layout, step);
        try {
            return leaf(layout, step, zygote, spec);
        } catch (SandboxException.ZygoteGone e) {
            replace(step, zygote);
            return leafOrDiscard(layout, step, zygote(layout, step), spec);
        }
    }

    private Leaf leafOrDiscard(Layout layout, Step step, Zygote zygote, LeafSpec spec)
            throws SandboxException, InterruptedException {
        try {
            return leaf(layout, step, zygote, spec);
        } catch (SandboxException.ZygoteGone e) {
            discard(step, zygote);
            throw e;
        }
    }

    private Leaf leaf(Layout layout, Step step, Zygote zygote, LeafSpec spec)
            throws SandboxException, InterruptedException {
        Leaf leaf = sandboxes.createLeaf(Optional.of(zygote), spec);
        layout.hitsOfNode.get(step.node()).increment();
        (step.isRoot() ? fromRoot : fromNodes).increment();
        return leaf;
    }

    /** There is no memory for another zygote: take what lives, the best first. */
    private Leaf withoutNewZygote(Layout layout, List<Step> ranked, LeafSpec spec, SandboxException why)
            throws SandboxException, InterruptedException {
        noRoom.increment();
        long last = lastWarning.get();
        long now = nanoTime.getAsLong();
        if (now - last >= NANOS_BETWEEN_WARNINGS && lastWarning.compareAndSet(last, now)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no memory for the best zygote of lambda {0} ({1}); it is served from a"
                            + " lesser one or none. Raise mem_pool_mb if this goes on.",
                    spec.lambda(),
                    why.getMessage());
        }
        for (Step step : ranked) {
            Slot slot = slots.get(step.packages());
            if (slot != null) {
                layout.use(step, slot);
            }
            Optional<Zygote> live = slot == null ? Optional.empty() : slot.live();
            if (live.isPresent()) {
                try {
                    return leaf(layout, step, live.get(), spec);
                } catch (SandboxException.ZygoteGone e) {
                    discard(step, live.get());
                }
            }
        }
        Leaf leaf = sandboxes.createLeaf(Optional.empty(), spec);
        fresh.increment();
        return leaf;
    }

    /** The zygote of this step, made if need be with all that is missing above it. */
    private Zygote zygote(Layout layout, Step step) throws MakingFailed, SandboxException, InterruptedException {
        while (true) {
            Slot slot = slot(step.packages());
            // before the look at what lives: see clearAwayUnused
            layout.use(step, slot);
            Optional<Zygote> live = slot.live();
            if (live.isEmpty()) {
                long seen = slot.attempts();
                slot.making.lockInterruptibly();
                try {
                    if (slot.retired()) {
                        continue;
                    }
                    live = slot.live();
                    if (live.isEmpty()) {
                        Optional<SandboxException> known =
                                slot.failedSince(seen).or(() -> slot.resting(nanoTime.getAsLong()));
                        if (known.isPresent()) {
                            throw new MakingFailed(known.get());
                        }
                        live = Optional.of(make(layout, step, slot));
                    }
                } finally {
                    slot.making.unlock();
                }
            }
            return live.get();
        }
    }

    private Zygote make(Layout layout, Step step, Slot slot)
            throws MakingFailed, SandboxException, InterruptedException {
        checkOpen();
        Zygote zygote;
        try {
            zygote = forkZygote(layout, step);
        } catch (SandboxException.ZygoteGone | SandboxException.NoLongerNeeded e) {
            throw e;
        } catch (SandboxException.NoCapacity e) {
            slot.failed(e);
            throw new MakingFailed(e);
        } catch (SandboxException e) {
            failed.increment();
            slot.failed(e);
            if (!step.isRoot()) {
                Duration rest = slot.rest(e, firstRest, nanoTime.getAsLong());
                LOG.log(
                        System.Logger.Level.WARNING,
                        "zygote with {0} cannot be made, it is tried again in {1} ms; its"
                                + " lambdas are served from another one until then: {2}",
                        step.order(),
                        rest.toMillis(),
                        e.getMessage());
            }
            throw new MakingFailed(e);
        }
        made.increment();
        slot.made(zygote);
        layout.plans.costsChanged();
        present.plans.costsChanged();
        if (closed) {
            // close() may have looked at this slot before the zygote was in it.
            slot.take().ifPresent(Zygote::destroy);
        }
        checkOpen();
        return zygote;
    }

    private Zygote forkZygote(Layout layout, Step step) throws MakingFailed, SandboxException, InterruptedException {
        Step source = step.source();
        if (source == null) {
            return sandboxes.createZygote(Optional.empty(), new ZygoteSpec(step.order(), limits));
        }
        Zygote parent = zygote(layout, source);
        try {
            return sandboxes.createZygote(Optional.of(parent), spec(parent, step));
        } catch (SandboxException.ZygoteGone e) {
            replace(source, parent);
        }
        Zygote second = zygote(layout, source);
        try {
            return sandboxes.createZygote(Optional.of(second), spec(second, step));
        } catch (SandboxException.ZygoteGone e) {
            discard(source, second);
            throw e;
        }
    }

    /** The parent's zygote may stand behind another node, too, and have imported the same packages in its order. */
    private ZygoteSpec spec(Zygote parent, Step step) {
        Set<PackageId> order = new LinkedHashSet<>(parent.packages());
        order.addAll(step.order());
        return new ZygoteSpec(List.copyOf(order), limits);
    }

    private void checkOpen() throws SandboxException {
        if (closed) {
            throw new SandboxException(
                    "the zygote tree is closed: the worker stops or switched to another import cache;"
                            + " send the request again");
        }
    }

    private void replace(Step step, Zygote gone) {
        replaced.increment();
        discard(step, gone);
    }

    private void discard(Step step, Zygote gone) {
        Slot slot = slots.get(step.packages());
        if (slot != null) {
            slot.forget(gone);
        }
        gone.destroy();
    }

    private Slot slot(Set<PackageId> packages) {
        Slot slot = slots.get(packages);
        if (slot != null) {
            return slot;
        }
        if (slots.size() >= MANY_SLOTS) {
            clearAway();
        }
        return slots.computeIfAbsent(packages, Slot::new);
    }

    private void clearAway() {
        long now = nanoTime.getAsLong();
        for (Slot slot : slots.values()) {
            if (slot.making.tryLock()) {
                try {
                    if (!slot.making.hasQueuedThreads() && slot.making.getHoldCount() == 1 && slot.retire(now)) {
                        slots.remove(slot.packages(), slot);
                        present.slotsOfNode.forEach(set -> set.remove(slot));
                    }
                } finally {
                    slot.making.unlock();
                }
            }
        }
    }

    /** The tree at work now. */
    Layout present() {
        return present;
    }

    /** A tree that could be moved to; nothing is made for it yet. */
    Layout layout(ZygoteTree tree) {
        return new Layout(Objects.requireNonNull(tree), new Plans(tree, packages, minSavingMillis));
    }

    /**
     * Makes the best zygote for lambdas with these pins, ahead of the move to its layout. Whoever needs it later finds it
     * there. That it cannot be made is nobody's loss yet, so nothing is said of it but what {@link #createLeaf} would.
     */
    void prepare(Layout next, Set<PackageId> pins) throws PackageException, InterruptedException {
        Step best = next.plans.ranked(pins).getFirst();
        if (!resting(best)) {
            try {
                zygote(next, best);
            } catch (MakingFailed | SandboxException e) {
                LOG.log(System.Logger.Level.DEBUG, "a zygote of the next tree cannot be made yet", e);
            }
        }
    }

    /**
     * Lets all new leaves come from another tree. Zygotes whose packages both trees have stay, those of these lambdas at
     * least; {@link #clearAwayUnused} ends the others. One thread at a time.
     *
     * @param next from {@link #layout} of this cache
     * @param lambdas the pins of the lambdas that are known
     */
    void moveTo(Layout next, Collection<Set<PackageId>> lambdas) throws PackageException, InterruptedException {
        for (Set<PackageId> pins : lambdas) {
            for (Step ranked : next.plans.ranked(pins)) {
                for (Step step = ranked; step != null; step = step.parent()) {
                    Slot slot = slots.get(step.packages());
                    if (slot != null) {
                        next.use(step, slot);
                    }
                }
            }
        }
        left.add(present);
        present = next;
    }

    /**
     * Ends the zygotes that the present tree has no use for, once no leaf is being made from an earlier one. One thread
     * at a time, the one that moves.
     *
     * @return whether it was done; false if it has to be tried again
     */
    boolean clearAwayUnused() {
        if (left.isEmpty()) {
            return true;
        }
        // A layout that was left is never entered for good again, so its users only grow for a moment.
        if (left.stream().anyMatch(layout -> layout.users.get() > 0)) {
            return false;
        }
        boolean all = true;
        for (Slot slot : slots.values()) {
            all &= present.uses(slot) || end(slot);
        }
        if (all) {
            left.clear();
        }
        return all;
    }

    private boolean end(Slot slot) {
        if (!slot.making.tryLock()) {
            return false;
        }
        try {
            Optional<Zygote> zygote = slot.take();
            if (present.uses(slot)) {
                // Somebody came between the two looks. They say so before they look for a zygote: what they found, if
                // they found it, is alive, and what they did not find they wait for.
                zygote.ifPresent(slot::made);
                if (closed) {
                    slot.take().ifPresent(Zygote::destroy);
                }
                return true;
            }
            slot.giveUp();
            slots.remove(slot.packages(), slot);
            zygote.ifPresent(Zygote::destroy);
            return true;
        } finally {
            slot.making.unlock();
        }
    }

    @Override
    public void onEvent(SandboxEvent event) {
        if (event.sandbox() instanceof Zygote zygote && !zygote.alive()) {
            Slot slot = slots.get(Set.copyOf(zygote.packages()));
            if (slot != null) {
                slot.forget(zygote);
            }
        }
    }

    @Override
    public Map<String, Number> statistics() {
        long now = nanoTime.getAsLong();
        Map<String, Number> numbers = new TreeMap<>();
        numbers.put("nodes", present.tree.size());
        numbers.put("leaves_from_nodes", fromNodes.sum());
        numbers.put("leaves_from_root", fromRoot.sum());
        numbers.put("leaves_fresh", fresh.sum());
        numbers.put(
                "zygotes_live",
                slots.values().stream().filter(slot -> slot.live().isPresent()).count());
        numbers.put("zygotes_made", made.sum());
        numbers.put("zygotes_replaced", replaced.sum());
        numbers.put("zygotes_failed", failed.sum());
        numbers.put(
                "zygotes_resting",
                slots.values().stream()
                        .filter(slot -> slot.resting(now).isPresent())
                        .count());
        numbers.put("zygotes_without_room", noRoom.sum());
        return Map.copyOf(numbers);
    }

    @Override
    public CacheShape shape() {
        Layout layout = present;
        ZygoteTree tree = layout.tree;
        CacheShape.Node[] nodes = new CacheShape.Node[tree.size()];
        List<List<CacheShape.Node>> children = new ArrayList<>();
        for (int i = 0; i < tree.size(); i++) {
            children.add(new ArrayList<>());
        }
        // Numbers grow downwards, so from the last to the first every node's children are there before it.
        for (int i = tree.size() - 1; i >= 0; i--) {
            ZygoteTree.Place place = tree.places().get(i);
            List<CacheShape.Live> live = new ArrayList<>();
            for (Slot slot : layout.slotsOfNode.get(i)) {
                slot.live().ifPresent(zygote -> live.add(new CacheShape.Live(zygote.id(), zygote.packages())));
            }
            live.sort((a, b) -> a.id().compareTo(b.id()));
            nodes[i] = new CacheShape.Node(
                    place.node().packages().stream().map(Requirement::toString).toList(),
                    live,
                    layout.hitsOfNode.get(i).sum(),
                    children.get(i).reversed());
            if (place.parent() >= 0) {
                children.get(place.parent()).add(nodes[i]);
            }
        }
        return new CacheShape(List.of(nodes[0]));
    }

    @Override
    public void close() {
        closed = true;
        for (Slot slot : slots.values()) {
            slot.take().ifPresent(Zygote::destroy);
        }
    }
}
