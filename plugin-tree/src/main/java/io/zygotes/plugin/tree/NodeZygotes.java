package io.zygotes.plugin.tree;

import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSource;
import io.zygotes.spi.ZygoteSpec;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Makes the zygotes behind the nodes of a tree when they are first needed, with all that is missing above them, and
 * leaves those alone for a while that cannot be made. They are kept in {@link Slots}. Safe for use by many threads.
 */
final class NodeZygotes {

    private static final System.Logger LOG = System.getLogger(NodeZygotes.class.getName());

    private final Limits limits;
    private final List<String> modules;
    private final Optional<NodeZygotes> above;
    private final Duration firstRest;
    private final LongSupplier nanoTime;
    private final Slots slots;
    private final AtomicLong made = new AtomicLong();
    private final LongAdder replaced = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder postponed = new LongAdder();

    /**
     * @param limits what a zygote may use while it imports
     * @param modules what those import that stand at the top, beside packages
     * @param above makes what those at the top are forked from; empty if they are fresh processes
     * @param firstRest how long a zygote that cannot be made is left alone after its first failure
     * @param nanoTime a clock as {@link System#nanoTime}
     * @param slots where the zygotes are kept
     */
    private NodeZygotes(
            Limits limits,
            List<String> modules,
            Optional<NodeZygotes> above,
            Duration firstRest,
            LongSupplier nanoTime,
            Slots slots) {
        this.limits = limits;
        this.modules = modules;
        this.above = above;
        this.firstRest = firstRest;
        this.nanoTime = nanoTime;
        this.slots = slots;
    }

    /** Those of a whole tree. */
    static NodeZygotes of(Limits limits, Duration firstRest, LongSupplier nanoTime, Slots slots) {
        return new NodeZygotes(limits, List.of(), Optional.empty(), firstRest, nanoTime, slots);
    }

    /** Further zygotes below the root, which have the same packages, none, and have imported these modules. */
    NodeZygotes withModules(List<String> imported, Slots own) {
        return new NodeZygotes(limits, imported, Optional.of(this), firstRest, nanoTime, own);
    }

    /** Gives the zygote of this step, made if need be; another one when the first is gone, which is counted. */
    ZygoteSource<MakingFailed> source(Layout layout, Step step, Need need) {
        return new ZygoteSource<>() {
            private boolean asked;

            @Override
            public Optional<Zygote> get()
                    throws MakingFailed, SandboxException, PackageException, InterruptedException {
                if (asked) {
                    replaced.increment();
                }
                asked = true;
                return Optional.of(zygote(layout, step, need));
            }
        };
    }

    /** The zygote of this step, made if need be with all that is missing above it. */
    Zygote zygote(Layout layout, Step step, Need need)
            throws MakingFailed, SandboxException, PackageException, InterruptedException {
        while (true) {
            Slot slot = slots.getOrMake(step);
            // The layout says that it uses the slot before it looks at what lives in there: see Slots.end.
            layout.use(step, slot);
            Optional<Zygote> zygote = slot.live();
            if (zygote.isEmpty()) {
                zygote = madeOnce(layout, step, slot, need);
            }
            if (zygote.isPresent()) {
                return zygote.get();
            }
        }
    }

    /** Empty if the slot was given up before this thread got its lock. */
    private Optional<Zygote> madeOnce(Layout layout, Step step, Slot slot, Need need)
            throws MakingFailed, SandboxException, PackageException, InterruptedException {
        long seen = slot.attempts();
        slot.making.lockInterruptibly();
        try {
            if (slot.retired()) {
                return Optional.empty();
            }
            Optional<Zygote> madeMeanwhile = slot.live();
            if (madeMeanwhile.isPresent()) {
                return madeMeanwhile;
            }
            Optional<SandboxException> known = slot.failedSince(seen).or(() -> slot.resting(nanoTime.getAsLong()));
            if (known.isPresent()) {
                throw new MakingFailed(known.get());
            }
            return Optional.of(make(layout, step, slot, need));
        } finally {
            slot.making.unlock();
        }
    }

    private Zygote make(Layout layout, Step step, Slot slot, Need need)
            throws MakingFailed, SandboxException, PackageException, InterruptedException {
        checkOpen();
        Zygote zygote;
        try {
            zygote = slot.scarce(nanoTime.getAsLong()) ? forkIfFree(layout, step, need) : fork(layout, step, need);
        } catch (SandboxException.ZygoteGone e) {
            throw e;
        } catch (SandboxException.NoCapacity e) {
            if (need.stands().getAsBoolean()) {
                slot.failed(e);
                foundNoMemory(slot);
            }
            throw new MakingFailed(e);
        } catch (SandboxException e) {
            failed(step, slot, e);
            throw new MakingFailed(e);
        }
        slot.made(zygote);
        made.incrementAndGet();
        slots.destroyIfClosed(slot);
        checkOpen();
        return zygote;
    }

    private Zygote fork(Layout layout, Step step, Need need)
            throws MakingFailed, SandboxException, PackageException, InterruptedException {
        Step source = step.source();
        if (source == null && above.isPresent()) {
            return need.sandboxes().createZygoteFrom(above.get().source(layout, step, need), parent -> top(step));
        }
        if (source == null) {
            return need.sandboxes().createZygote(Optional.empty(), top(step));
        }
        return need.sandboxes()
                .createZygoteFrom(source(layout, source, need), parent -> spec(parent.orElseThrow(), step));
    }

    private ZygoteSpec top(Step step) {
        return new ZygoteSpec(step.order(), limits, modules);
    }

    /** The parent's zygote may stand behind another node, too, and have imported the same packages in its order. */
    private ZygoteSpec spec(Zygote parent, Step step) {
        Set<PackageId> order = new LinkedHashSet<>(parent.packages());
        order.addAll(step.order());
        return new ZygoteSpec(List.copyOf(order), limits);
    }

    /** That there was none again while it takes nothing from others says nothing new. */
    private void foundNoMemory(Slot slot) {
        long now = nanoTime.getAsLong();
        if (!slot.scarce(now)) {
            slot.foundNoMemory(now);
        }
    }

    /** It found no memory a short while ago, and takes nothing from others now. */
    private Zygote forkIfFree(Layout layout, Step step, Need need)
            throws MakingFailed, SandboxException, PackageException, InterruptedException {
        Optional<Zygote> parent = Optional.empty();
        if (step.source() != null) {
            parent = Optional.of(zygote(layout, step.source(), need));
        } else if (above.isPresent()) {
            parent = Optional.of(above.get().zygote(layout, step, need));
        }
        ZygoteSpec spec = step.source() == null ? top(step) : spec(parent.orElseThrow(), step);
        Optional<Zygote> made = need.sandboxes().createZygoteIfFree(parent, spec);
        if (made.isEmpty()) {
            postponed.increment();
            throw new SandboxException.NoCapacity("the zygote with " + step.order()
                    + " was evicted or found no memory a short while ago, and there is no free memory for it yet");
        }
        return made.get();
    }

    private void failed(Step step, Slot slot, SandboxException why) {
        failed.increment();
        slot.failed(why);
        if (!step.isRoot() || above.isPresent()) {
            Duration rest = slot.rest(why, firstRest, nanoTime.getAsLong());
            LOG.log(
                    System.Logger.Level.WARNING,
                    "zygote with {0} cannot be made, it is tried again in {1} ms; its"
                            + " lambdas are served from another one until then: {2}",
                    step.order(),
                    rest.toMillis(),
                    why.getMessage());
        }
    }

    private void checkOpen() throws SandboxException {
        if (slots.closed()) {
            throw new SandboxException(
                    "the zygote tree is closed: the worker stops or switched to another import cache;"
                            + " send the request again");
        }
    }

    /** The zygote of this step, if it lives; none is made. */
    Optional<Zygote> living(Layout layout, Step step) {
        Optional<Slot> slot = slots.get(step);
        // The layout says that it uses the slot before it looks at what lives in there: see Slots.end.
        slot.ifPresent(there -> layout.use(step, there));
        return slot.flatMap(Slot::live);
    }

    /** Whether this step's zygote, or one that it needs, could not be made a short while ago and does not live. */
    boolean resting(Step step) {
        long now = nanoTime.getAsLong();
        for (Step each = step; each != null; each = each.source()) {
            Optional<Slot> slot = slots.get(each);
            if (slot.isPresent()
                    && slot.get().resting(now).isPresent()
                    && slot.get().live().isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** How many zygotes were made so far; each of them measured what its imports cost. */
    long made() {
        return made.get();
    }

    /** Adds what {@code /stats} says about zygotes. */
    void addStatistics(Map<String, Number> numbers) {
        numbers.put("zygotes_live", slots.live());
        numbers.put("zygotes_made", made.get());
        numbers.put("zygotes_replaced", replaced.sum());
        numbers.put("zygotes_failed", failed.sum());
        numbers.put("zygotes_postponed", postponed.sum());
        numbers.put("zygotes_resting", slots.resting());
    }
}
