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
                .mapToDouble(Candidate::megabytes)
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
        GreedyChoice greedy = new GreedyChoice(candidates, weights, nodes, memory, priceOfMemory);
        List<BitSet> sets = greedy.choose().stream().map(Candidate::set).toList();
        return new Choice(sets, greedy.saved());
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
