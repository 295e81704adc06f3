package io.zygotes.core.pool;

import java.util.Collections;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;

/**
 * In which order idle accounts are evicted: first what is given away first, such as spares, then by worth, then what
 * somebody wants, last what is pinned. The worth is that of Greedy-Dual-Size-Frequency (Cherkasova, HP Labs 1998): what
 * it costs to make it again, times its uses, for each byte that it holds, on top of the worth of what was evicted last,
 * so that what was worth much long ago does not stay for ever. Of equal ones the least recently used goes first. Not
 * safe for use by many threads.
 */
final class EvictionOrder<C extends EvictionOrder.Candidate> {

    /** More uses than this make nothing worth more: it would take too long until it has aged. */
    private static final int MOST_USES = 1000;

    private final TreeSet<C> idle = new TreeSet<>(Comparator.comparing((C candidate) -> candidate.rank())
            .thenComparingDouble(candidate -> candidate.worth())
            .thenComparingLong(candidate -> candidate.turn()));
    private double floor;
    private long turns;

    enum Rank {
        FIRST,
        ORDINARY,
        WANTED,
        PINNED
    }

    /** What can stand in the order; in one order only. */
    static class Candidate {
        long remakeNanos;
        double weight = 1;
        int uses;
        int wanted;
        boolean pinned;
        boolean first;
        double worth;
        long turn;

        /** What it costs to make it again, and how much more its maker wants it to stay than others; 1 for no more. */
        double price() {
            return weight * remakeNanos * Math.min(Math.max(uses, 1), MOST_USES);
        }

        Rank rank() {
            if (pinned) {
                return Rank.PINNED;
            }
            if (wanted > 0) {
                return Rank.WANTED;
            }
            return first ? Rank.FIRST : Rank.ORDINARY;
        }

        double worth() {
            return worth;
        }

        long turn() {
            return turn;
        }
    }

    /** The idle ones, those that go first at the beginning. A view. */
    Set<C> idle() {
        return Collections.unmodifiableSet(idle);
    }

    /** Puts one in that was just used; it goes after all of equal worth. */
    void add(C candidate, long bytes) {
        candidate.uses++;
        candidate.first = false;
        insert(candidate, bytes, ++turns);
    }

    /** Puts one in that goes before all others. */
    void addFirst(C candidate, long bytes) {
        candidate.first = true;
        insert(candidate, bytes, - ++turns);
    }

    private void insert(C candidate, long bytes, long turn) {
        candidate.turn = turn;
        candidate.worth = floor + candidate.price() / Math.max(bytes, 1);
        idle.add(candidate);
    }

    /** Takes one out, if it is in. */
    void remove(C candidate) {
        idle.remove(candidate);
    }

    /** It is going to be evicted: what is used from now on is worth more than it was. */
    void evicting(C candidate) {
        if (candidate.rank() == Rank.ORDINARY) {
            floor = Math.max(floor, candidate.worth);
        }
    }

    /** It holds another number of bytes now, or is worth another price. */
    void reweigh(C candidate, long bytes) {
        if (idle.remove(candidate)) {
            insert(candidate, bytes, candidate.turn);
        }
    }

    /** Sets what it costs to make it again, in nanoseconds; {@link #reweigh} has to follow. */
    void costs(C candidate, long remakeNanos) {
        candidate.remakeNanos = remakeNanos;
    }

    /** Sets how much more than others it is to stay, 1 for no more; {@link #reweigh} has to follow. */
    void weighs(C candidate, double weight) {
        candidate.weight = weight;
    }

    /** Somebody wants it: it goes after all that nobody wants. {@link #unwant} must follow. */
    void want(C candidate) {
        change(candidate, () -> candidate.wanted++);
    }

    /** Ends one {@link #want}. */
    void unwant(C candidate) {
        change(candidate, () -> candidate.wanted--);
    }

    /** Sets whether it goes after all others. */
    void pin(C candidate, boolean pinned) {
        change(candidate, () -> candidate.pinned = pinned);
    }

    private void change(C candidate, Runnable change) {
        boolean in = idle.remove(candidate);
        change.run();
        if (in) {
            idle.add(candidate);
        }
    }

    boolean isWanted(C candidate) {
        return candidate.wanted > 0;
    }
}
