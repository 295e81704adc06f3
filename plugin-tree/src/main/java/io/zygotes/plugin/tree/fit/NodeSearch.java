package io.zygotes.plugin.tree.fit;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
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
 * call's weight to random mixtures of its own parts and those of another recorded set, parts being packages with all
 * that they need. A call that was seen once is little evidence that it comes again as it is, but good evidence that its
 * parts do, in other company.
 */
final class NodeSearch {

    /** Of the calls of one set, how many its variants stand for. */
    private static final double VARIANT_WEIGHT = 0.8;
    /** How likely a variant keeps a package that the function asked for. */
    private static final double KEPT = 0.5;

    private static final int MOST_VARIANTS_OF_ONE = 100;
    private static final int MOST_CANDIDATES = 12_000;
    /** Bounds the memory of the search: four bytes for each. */
    private static final long MOST_COVERED = 20_000_000;
    /** Gains below this are rounding errors. */
    private static final double LEAST_RATE = 1e-9;
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

    /**
     * A set that may become a node.
     *
     * @param words the set again: looking for subsets is what the search does most
     * @param covered the calls that have all of it
     * @param gain what it saves if it is chosen first
     */
    private record Candidate(BitSet set, long[] words, double millis, double megabytes, int[] covered, double gain) {

        boolean contains(Candidate small) {
            if (small.words.length > words.length) {
                return false;
            }
            for (int i = 0; i < small.words.length; i++) {
                if ((small.words[i] & ~words[i]) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private record Rated(BitSet set, double millis, double gain) {}

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
        List<List<BitSet>> parts = new ArrayList<>();
        for (Universe.Item item : items) {
            sets.add(universe.named(item.set()));
            Map<Integer, BitSet> closures = universe.closures(item.set());
            closures.values().forEach(closure -> sets.add(universe.named(closure)));
            parts.add(Universe.roots(item.set(), closures).stream()
                    .map(closures::get)
                    .toList());
        }
        for (int i = 0; i < items.size(); i++) {
            double weight = items.get(i).weight();
            double given = VARIANT_WEIGHT * Math.min(1, weight);
            expected.merge(items.get(i).set(), weight - given, Double::sum);
            for (int j = 0; j < variants; j++) {
                BitSet variant = new BitSet();
                addSome(parts.get(i), random, variant);
                // Not drawn by how often they are called: what is new in a call is seldom what everybody has.
                addSome(parts.get(random.nextInt(items.size())), random, variant);
                if (!variant.isEmpty()) {
                    expected.merge(variant, given / variants, Double::sum);
                    sets.add(universe.named(variant));
                }
            }
        }
    }

    private void addSome(List<BitSet> parts, SplittableRandom random, BitSet variant) {
        for (BitSet part : parts) {
            if (random.nextDouble() < KEPT && universe.agree(variant, part)) {
                variant.or(part);
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
            addIntersection(
                    items.get(random.nextInt(items.size())).set(),
                    items.get(random.nextInt(items.size())).set(),
                    sets);
        }
    }

    private void addIntersection(BitSet a, BitSet b, Set<BitSet> sets) {
        BitSet both = (BitSet) a.clone();
        both.and(b);
        if (!both.isEmpty()) {
            // A copy is no longer than its bits.
            sets.add(universe.named((BitSet) both.clone()));
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
        List<Rated> all = new ArrayList<>();
        for (BitSet set : sets) {
            double millis = universe.millis(set);
            BitSet covered = covered(set, callsWith);
            double weight = 0;
            for (int call = covered.nextSetBit(0); call >= 0; call = covered.nextSetBit(call + 1)) {
                weight += weights[call];
            }
            if (weight * millis > 0) {
                all.add(new Rated(set, millis, weight * millis));
            }
        }
        all.sort(Comparator.comparingDouble(Rated::gain).reversed());
        List<Candidate> kept = new ArrayList<>();
        long entries = 0;
        for (Rated each : all) {
            if (kept.size() == MOST_CANDIDATES || entries > MOST_COVERED) {
                break;
            }
            int[] covered = covered(each.set(), callsWith).stream().toArray();
            entries += covered.length;
            kept.add(new Candidate(
                    each.set(),
                    each.set().toLongArray(),
                    each.millis(),
                    universe.megabytes(each.set()),
                    covered,
                    each.gain()));
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

    /** The least memory, in MiB, that a node of any use takes if it takes any; infinite if there is no such node. */
    double smallestNode() {
        return candidates.stream()
                .mapToDouble(c -> c.megabytes)
                .filter(each -> each > 0)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
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

    private Choice choose(int nodes, double memory, double priceOfMemory) {
        Greedy greedy = new Greedy(candidates, weights, nodes, memory, priceOfMemory);
        List<BitSet> sets = greedy.choose().stream().map(Candidate::set).toList();
        return new Choice(sets, greedy.saved());
    }

    /**
     * Always the set that gains most for its price, a price being the share that it takes of the nodes left, plus the
     * share of the memory left. Gains only fall as sets are chosen, so one that was computed earlier is a bound.
     * What changes is kept in arrays, by the numbers of the candidates, for the processor's cache.
     */
    private static final class Greedy {
        private final Candidate[] candidates;
        private final double[] weights;
        private final int nodes;
        private final double memory;
        private final double priceOfMemory;
        /** Of each candidate what it gains, or an upper bound of it; 0 once it is chosen. */
        private final double[] gain;
        /** How many sets were chosen when the gain was computed. */
        private final int[] computedAt;
        /** Of each candidate the MiB that it adds to the largest chosen subset of it. */
        private final double[] added;
        /** Of each call the milliseconds that it is spared. */
        private final double[] saved;

        private final List<Integer> chosen = new ArrayList<>();
        private double used;

        Greedy(List<Candidate> candidates, double[] weights, int nodes, double memory, double priceOfMemory) {
            this.candidates = candidates.toArray(Candidate[]::new);
            this.weights = weights;
            this.nodes = nodes;
            this.memory = memory;
            this.priceOfMemory = priceOfMemory;
            gain = candidates.stream().mapToDouble(Candidate::gain).toArray();
            computedAt = new int[gain.length];
            added = candidates.stream().mapToDouble(Candidate::megabytes).toArray();
            saved = new double[weights.length];
        }

        List<Candidate> choose() {
            while (chosen.size() < nodes) {
                int best = best();
                if (best < 0) {
                    break;
                }
                take(best);
            }
            return chosen.stream().map(i -> candidates[i]).toList();
        }

        double saved() {
            double sum = 0;
            for (int call = 0; call < saved.length; call++) {
                sum += weights[call] * saved[call];
            }
            return sum;
        }

        /** The number of the best candidate, -1 if none is of use. */
        private int best() {
            double nodePrice = 1.0 / (nodes - chosen.size());
            double left = memory - used;
            double memoryPrice = memory == Double.POSITIVE_INFINITY ? 0 : priceOfMemory / Math.max(left, 1e-9);
            // The one that promises most is a good one to beat; few of the others have to be computed anew then.
            int best = promising(nodePrice, memoryPrice, left);
            if (best < 0) {
                return -1;
            }
            compute(best);
            double bestRate = rate(best, nodePrice, memoryPrice);
            for (int i = 0; i < gain.length; i++) {
                if (rate(i, nodePrice, memoryPrice) > bestRate && added[i] <= left) {
                    compute(i);
                    double rate = rate(i, nodePrice, memoryPrice);
                    if (rate > bestRate) {
                        best = i;
                        bestRate = rate;
                    }
                }
            }
            return bestRate > LEAST_RATE ? best : -1;
        }

        private int promising(double nodePrice, double memoryPrice, double left) {
            int best = -1;
            double bestRate = LEAST_RATE;
            for (int i = 0; i < gain.length; i++) {
                double rate = rate(i, nodePrice, memoryPrice);
                if (rate > bestRate && added[i] <= left) {
                    best = i;
                    bestRate = rate;
                }
            }
            return best;
        }

        private double rate(int i, double nodePrice, double memoryPrice) {
            return gain[i] / (nodePrice + memoryPrice * added[i]);
        }

        private void compute(int i) {
            if (computedAt[i] == chosen.size()) {
                return;
            }
            double millis = candidates[i].millis();
            double sum = 0;
            for (int call : candidates[i].covered()) {
                if (millis > saved[call]) {
                    sum += weights[call] * (millis - saved[call]);
                }
            }
            gain[i] = sum;
            computedAt[i] = chosen.size();
        }

        private void take(int best) {
            Candidate taken = candidates[best];
            for (int call : taken.covered()) {
                saved[call] = Math.max(saved[call], taken.millis());
            }
            used += added[best];
            gain[best] = 0;
            for (int below : chosen) {
                // A set between two chosen ones gives its memory to the one below.
                double less = adds(candidates[below], taken);
                if (less < added[below] && candidates[below].contains(taken)) {
                    used -= added[below] - less;
                    added[below] = less;
                }
            }
            for (int i = 0; i < gain.length; i++) {
                double less = adds(candidates[i], taken);
                if (gain[i] > 0 && less < added[i] && candidates[i].contains(taken)) {
                    added[i] = less;
                }
            }
            chosen.add(best);
        }

        private static double adds(Candidate large, Candidate small) {
            return large.megabytes() - small.megabytes();
        }
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
