package io.zygotes.plugin.tree;

import io.zygotes.spi.PackageId;
import io.zygotes.spi.Zygote;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/** The places for zygotes, one for each set of packages with versions; and their end. Safe for use by many threads. */
final class Slots {

    /** Slots without a zygote are cleared away beyond this number: lambdas may pin versions without end. */
    private static final int MANY = 2048;

    private final LongSupplier nanoTime;
    private final Consumer<Slot> givenUp;
    private final Map<Set<PackageId>, Slot> slots = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * @param nanoTime a clock as {@link System#nanoTime}
     * @param givenUp hears of slots that were cleared away because there are too many
     */
    Slots(LongSupplier nanoTime, Consumer<Slot> givenUp) {
        this.nanoTime = nanoTime;
        this.givenUp = givenUp;
    }

    /** The slot for a step's zygote, if there is one. */
    Optional<Slot> get(Step step) {
        return Optional.ofNullable(slots.get(step.packages()));
    }

    /** The slot for a step's zygote, made if need be. It may be given up before the caller has its lock. */
    Slot getOrMake(Step step) {
        Slot slot = slots.get(step.packages());
        if (slot != null) {
            return slot;
        }
        if (slots.size() >= MANY) {
            clearAway();
        }
        return slots.computeIfAbsent(step.packages(), Slot::new);
    }

    private void clearAway() {
        long now = nanoTime.getAsLong();
        for (Slot slot : slots.values()) {
            if (slot.making.tryLock()) {
                try {
                    if (!slot.making.hasQueuedThreads() && slot.making.getHoldCount() == 1 && slot.retire(now)) {
                        slots.remove(slot.packages(), slot);
                        givenUp.accept(slot);
                    }
                } finally {
                    slot.making.unlock();
                }
            }
        }
    }

    /**
     * Forgets a zygote that is gone.
     *
     * @param evicted whether others needed its memory
     */
    void forget(Zygote gone, boolean evicted) {
        Slot slot = slots.get(Set.copyOf(gone.packages()));
        if (slot != null) {
            slot.forget(gone);
            if (evicted) {
                slot.foundNoMemory(nanoTime.getAsLong());
            }
        }
    }

    /**
     * Ends the zygotes that nobody uses.
     *
     * @param used whether a slot is used; who begins to use one says so before looking for its zygote
     * @return whether all were looked at; false if one is being made just now
     */
    boolean endUnused(Predicate<Slot> used) {
        boolean all = true;
        for (Slot slot : slots.values()) {
            all &= used.test(slot) || end(slot, used);
        }
        return all;
    }

    private boolean end(Slot slot, Predicate<Slot> used) {
        if (!slot.making.tryLock()) {
            return false;
        }
        try {
            Optional<Zygote> zygote = slot.take();
            if (used.test(slot)) {
                // Somebody came between the two looks. They say so before they look for a zygote: what they found, if
                // they found it, is alive, and what they did not find they wait for.
                zygote.ifPresent(slot::made);
                destroyIfClosed(slot);
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

    /** For whoever put a zygote into a slot: {@link #close} may have looked at the slot before. */
    void destroyIfClosed(Slot slot) {
        if (closed) {
            slot.take().ifPresent(Zygote::destroy);
        }
    }

    /** How many hold a zygote that lives. */
    long live() {
        return slots.values().stream().filter(slot -> slot.live().isPresent()).count();
    }

    /** How many are left alone because their zygote could not be made. */
    long resting() {
        long now = nanoTime.getAsLong();
        return slots.values().stream()
                .filter(slot -> slot.resting(now).isPresent())
                .count();
    }

    /** Whether {@link #close} was called. */
    boolean closed() {
        return closed;
    }

    /** Destroys all zygotes. */
    void close() {
        closed = true;
        for (Slot slot : slots.values()) {
            slot.take().ifPresent(Zygote::destroy);
        }
    }
}
