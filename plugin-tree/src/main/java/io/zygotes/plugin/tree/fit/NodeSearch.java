package io.zygotes.plugin.tree.fit;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Chooses the package sets of a tree's nodes: those that save the most import time over the calls that are expected,
 * within a number of nodes and an amount of memory. See {@code docs/trees.md} for what was tried.
 *
 * <p>The calls that are expected are the recorded ones, and variants of them: each recorded set gives up most of one
 * call's weight to random subsets of itself that are complete with their dependencies. A call that was seen once is
 * little evidence that it comes again as it is, but good evidence that its parts do.
 */
final class NodeSearch {

    /** Of the calls of one set, how many its variants stand for. */
    private static final double VARIANT_WEIGHT = 0.8;
    /** How likely a variant keeps a package that the function asked for. */
    private static final double KEPT = 0.5;
    private static final int MOST_VARIANTS_OF_ONE = 100;
    private static final int MOST_CANDIDATES = 30_000;
    /** Bounds the memory of the search: four bytes for each. */
    private static final long MOST_COVERED = 20_000_000;
    /** What memory is worth against nodes; the right price depends on the data, so all are tried. */
    private static final double[] PRICES = {1, 0, 0.25, 0.5, 2, 4};

    /** How hard to search. */
    enum Effort {
        /** For a tree that is going to be used. */
        FULL(40_000, 60_000),
        /** For a tree that is only going to be measured. */
        QUICK(12_000, 12_000);

        private final int variants;
        /** Pairs of sets whose intersection is a candidate. */
        private final int pairs;

        Effort(int variants, int pairs) {
            this.variants = variants;
            this.pairs = pairs;
        }
    }

    /** The chosen sets, in the order in which they were chosen. */
    record Choice(List<BitSet> sets, double saved) {}

    private static final class Candidate {
        private final BitSet set;
        private final double millis;
        private final double megabytes;
        private final double firstGain;
        private int[] covered;
        private double gain;
        private double parentMegabytes;
        private int freshAt;

        Candidate(BitSet set, double millis, double megabytes, double firstGain) {
            this.set = set;
            this.millis = millis;
            this.megabytes = megabytes;
            this.firstGain = firstGain;
        }
    }

    private final Universe universe;
    private final Effort effort;
    private final double[] weights;
    private final List<Candidate> candidates;

    NodeSearch(Universe universe, long seed, Effort effort) {
        this.universe = universe;
        this.effort = effort;
        SplittableRandom random = new SplittableRandom(seed);
        Map<BitSet, Double> expected = new LinkedHashMap<>();
        Set<BitSet> sets = new LinkedHashSet<>();
        addCalls(random, expected, sets);
        addIntersections(random, sets);
        List<BitSet> calls = List.copyOf(expected.keySet());
        weights = expected.values().stream().mapToDouble(Double::doubleValue).toArray();
        candidates = candidates(sets, calls);
    }

    private void addCalls(SplittableRandom random, Map<BitSet, Double> expected, Set<BitSet> sets) {
        List<Universe.Item> items = universe.items();
        int variants = Math.clamp(effort.variants / Math.max(1, items.size()), 1, MOST_VARIANTS_OF_ONE);
        for (Universe.Item item : items) {
            double given = VARIANT_WEIGHT * Math.min(1, item.weight());
            expected.merge(item.set(), item.weight() - given, Double::sum);
            sets.add(universe.named(item.set()));
            Map<Integer, BitSet> closures = universe.closures(item.set());
            closures.values().forEach(closure -> sets.add(universe.named(closure)));
            List<Integer> roots = Universe.roots(item.set(), closures);
            for (int i = 0; i < variants; i++) {
                BitSet variant = new BitSet();
                for (int root : roots) {
                    if (random.nextDouble() < KEPT) {
                        variant.or(closures.get(root));
                    }
                }
                if (!variant.isEmpty()) {
                    expected.merge(variant, given / variants, Double::sum);
                    sets.add(universe.named(variant));
                }
            }
        }
    }

    private void addIntersections(SplittableRandom random, Set<BitSet> sets) {
        List<Universe.Item> items = universe.items();
        long pairs = (long) items.size() * (items.size() - 1) / 2;
        if (pairs <= effort.pairs) {
            for (int i = 0; i < items.size(); i++) {
                for (int j = 0; j < i; j++) {
                    addIntersection(items.get(i).set(), items.get(j).set(), sets);
                }
            }
            return;
        }
        for (int i = 0; i < effort.pairs; i++) {
            addIntersection(items.get(random.nextInt(items.size())).set(), items.get(random.nextInt(items.size())).set(), sets);
        }
    }

    private void addIntersection(BitSet a, BitSet b, Set<BitSet> sets) {
        BitSet both = (BitSet) a.clone();
        both.and(b);
        if (!both.isEmpty()) {
            sets.add(universe.named(both));
        }
    }

    private List<Candidate> candidates(Set<BitSet> sets, List<BitSet> calls) {
        BitSet[] callsWith = new BitSet[universe.size()];
        for (int bit = 0; bit < callsWith.length; bit++) {
            callsWith[bit] = new BitSet(calls.size());
        }
        for (int call = 0; call < calls.size(); call++) {
            BitSet set = calls.get(call);
            for (int bit = set.nextSetBit(0); bit >= 0; bit = set.nextSetBit(bit + 1)) {
                callsWith[bit].set(call);
            }
        }
        List<Candidate> all = new ArrayList<>();
        for (BitSet set : sets) {
            double millis = universe.millis(set);
            BitSet covered = covered(set, callsWith);
            double weight = 0;
            for (int call = covered.nextSetBit(0); call >= 0; call = covered.nextSetBit(call + 1)) {
                weight += weights[call];
            }
            if (weight * millis > 0) {
                all.add(new Candidate(set, millis, universe.megabytes(set), weight * millis));
            }
        }
        all.sort(Comparator.comparingDouble((Candidate c) -> c.firstGain).reversed());
        List<Candidate> kept = new ArrayList<>();
        long entries = 0;
        for (Candidate candidate : all) {
            if (kept.size() == MOST_CANDIDATES || entries > MOST_COVERED) {
                break;
            }
            candidate.covered = covered(candidate.set, callsWith).stream().toArray();
            entries += candidate.covered.length;
            kept.add(candidate);
        }
        return kept;
    }

    private static BitSet covered(BitSet set, BitSet[] callsWith) {
        int bit = set.nextSetBit(0);
        BitSet covered = (BitSet) callsWith[bit].clone();
        for (bit = set.nextSetBit(bit + 1); bit >= 0 && !covered.isEmpty(); bit = set.nextSetBit(bit + 1)) {
            covered.and(callsWith[bit]);
        }
        return covered;
    }

    /** The least memory, in MiB, that a node of any use takes; infinite if no node is of use. */
    double smallestNode() {
        return candidates.stream().mapToDouble(c -> c.megabytes).min().orElse(Double.POSITIVE_INFINITY);
    }

    /**
     * Chooses; with full effort once with every price of memory, for the best choice.
     *
     * @param nodes how many sets at most
     * @param memory how many MiB they may take together, each set without what the largest chosen subset of it has
     */
    Choice choose(int nodes, double memory) {
        Choice best = choose(nodes, memory, PRICES[0]);
        for (int i = 1; effort == Effort.FULL && i < PRICES.length && memory != Double.POSITIVE_INFINITY; i++) {
            Choice other = choose(nodes, memory, PRICES[i]);
            best = other.saved() > best.saved() ? other : best;
        }
        return best;
    }

    /**
     * Greedy: always the set that gains most for its price, a price being the share that it takes of the nodes left,
     * plus the share of the memory left. Gains only fall as sets are chosen, so one that was computed earlier is a
     * bound, and only the set that leads by its bound is computed anew.
     */
    private Choice choose(int nodes, double memory, double priceOfMemory) {
        double[] saved = new double[weights.length];
        List<Candidate> open = new ArrayList<>(candidates);
        for (Candidate candidate : open) {
            candidate.gain = candidate.firstGain;
            candidate.parentMegabytes = 0;
            candidate.freshAt = -1;
        }
        List<Candidate> chosen = new ArrayList<>();
        Map<Candidate, Double> inherited = new IdentityHashMap<>();
        double used = 0;
        while (chosen.size() < nodes) {
            double nodePrice = 1.0 / (nodes - chosen.size());
            double memoryLeft = memory - used;
            double memoryPrice = memory == Double.POSITIVE_INFINITY ? 0 : priceOfMemory / Math.max(memoryLeft, 1e-9);
            Candidate best = leader(open, nodePrice, memoryPrice, memoryLeft);
            while (best != null && best.freshAt != chosen.size()) {
                best.gain = gain(best, saved);
                best.freshAt = chosen.size();
                best = leader(open, nodePrice, memoryPrice, memoryLeft);
            }
            if (best == null) {
                break;
            }
            open.remove(best);
            for (int call : best.covered) {
                saved[call] = Math.max(saved[call], best.millis);
            }
            used += best.megabytes - best.parentMegabytes;
            inherited.put(best, best.parentMegabytes);
            for (Candidate below : chosen) {
                // A set between two chosen ones gives its memory to the one below.
                if (best.megabytes > inherited.get(below) && contains(below.set, best.set)) {
                    used -= best.megabytes - inherited.get(below);
                    inherited.put(below, best.megabytes);
                }
            }
            for (Candidate candidate : open) {
                if (best.megabytes > candidate.parentMegabytes && contains(candidate.set, best.set)) {
                    candidate.parentMegabytes = best.megabytes;
                }
            }
            chosen.add(best);
        }
        double sum = 0;
        for (int call = 0; call < saved.length; call++) {
            sum += weights[call] * saved[call];
        }
        return new Choice(chosen.stream().map(c -> c.set).toList(), sum);
    }

    private static Candidate leader(List<Candidate> open, double nodePrice, double memoryPrice, double memoryLeft) {
        Candidate best = null;
        double bestRate = 1e-9;
        for (Candidate candidate : open) {
            double megabytes = candidate.megabytes - candidate.parentMegabytes;
            double rate = candidate.gain / (nodePrice + memoryPrice * megabytes);
            if (rate > bestRate && megabytes <= memoryLeft) {
                best = candidate;
                bestRate = rate;
            }
        }
        return best;
    }

    private double gain(Candidate candidate, double[] saved) {
        double gain = 0;
        for (int call : candidate.covered) {
            if (candidate.millis > saved[call]) {
                gain += weights[call] * (candidate.millis - saved[call]);
            }
        }
        return gain;
    }

    /** Whether the large set has all of the small one. */
    static boolean contains(BitSet large, BitSet small) {
        for (int bit = small.nextSetBit(0); bit >= 0; bit = small.nextSetBit(bit + 1)) {
            if (!large.get(bit)) {
                return false;
            }
        }
        return true;
    }
}
