package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.ZygoteTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/** Makes trees from traces. The same trace and settings give the same tree. */
public final class TreeFitter {

    private static final int FOLDS = 5;

    /** Whether a tree names versions. */
    public enum Versions {
        /** {@code numpy==2.2.3}: serves that version only. */
        PINNED,
        /** {@code numpy}: serves whichever version the lambda pins. */
        ANY
    }

    /**
     * What the tree must keep to.
     *
     * @param nodes how many nodes it may have, the root included; at least 1
     * @param memoryMb how much modelled memory it may take, in MiB; empty for no limit
     * @param versions whether it names versions
     * @param seed decides where the search is random
     */
    public record Settings(int nodes, OptionalDouble memoryMb, Versions versions, long seed) {}

    /**
     * What is expected of the tree on calls that it was not fitted to: fitted five times to four fifths of the calls
     * and tried on the rest. Somewhat pessimistic, for the tree itself was fitted to all of them, and with more effort.
     *
     * @param importMillisTotal mean import time of a call in milliseconds
     * @param importMillisLeft what is left of it
     */
    public record Expected(double importMillisTotal, double importMillisLeft) {

        /** Share of the import time that is saved, 0 to 1; 0 if there is none to save. */
        public double savedShare() {
            return importMillisTotal == 0 ? 0 : 1 - importMillisLeft / importMillisTotal;
        }
    }

    /**
     * A fitted tree.
     *
     * @param tree the tree; has fewer nodes than allowed if more would save nothing
     * @param training what it saves on the trace it was fitted to
     * @param expected what it is expected to save on other calls; empty if the trace has fewer than five calls
     */
    public record Fit(ZygoteTree tree, Evaluation training, Optional<Expected> expected) {}

    private TreeFitter() {}

    /**
     * Fits a tree and says what it saves.
     *
     * @throws FitException if the settings allow no tree
     */
    public static Fit fit(Trace trace, Settings settings) throws FitException {
        ZygoteTree tree = tree(trace, settings);
        return new Fit(tree, TreeEvaluator.evaluate(tree, trace), expected(trace, settings));
    }

    /**
     * Fits a tree and nothing else.
     *
     * @throws FitException if the settings allow no tree
     */
    public static ZygoteTree tree(Trace trace, Settings settings) throws FitException {
        if (settings.nodes() < 1) {
            throw new FitException("a tree has at least 1 node, its root; " + settings.nodes() + " were asked for");
        }
        double memory = settings.memoryMb().orElse(Double.POSITIVE_INFINITY);
        if (!(memory > 0)) {
            throw new FitException("memory must be more than 0 MB, it is " + memory);
        }
        Universe universe = new Universe(trace, settings.versions());
        NodeSearch search = new NodeSearch(universe, settings.seed(), NodeSearch.Effort.FULL);
        NodeSearch.Choice choice = search.choose(settings.nodes() - 1, memory);
        double smallest = search.smallestNode();
        // Packages that seem to take no memory fit into any; a tree of nothing else is not what was asked for.
        if (settings.nodes() > 1 && smallest > memory && smallest != Double.POSITIVE_INFINITY) {
            throw new FitException("no node fits into %s MB: the smallest one that saves anything takes %.3f MB"
                    .formatted(memory, smallest));
        }
        return new Assembly(universe, choice.sets(), memory).tree();
    }

    private static Optional<Expected> expected(Trace trace, Settings settings) {
        if (trace.callCount() < FOLDS) {
            return Optional.empty();
        }
        List<List<Trace.Calls>> folds = folds(trace, settings.seed());
        double total = 0;
        double left = 0;
        long calls = 0;
        for (int fold = 0; fold < FOLDS; fold++) {
            if (folds.get(fold).isEmpty()) {
                continue;
            }
            List<Trace.Calls> rest = new ArrayList<>();
            for (int other = 0; other < FOLDS; other++) {
                if (other != fold) {
                    rest.addAll(folds.get(other));
                }
            }
            Universe universe = new Universe(trace.withCalls(rest), settings.versions());
            double memory = settings.memoryMb().orElse(Double.POSITIVE_INFINITY);
            List<BitSet> sets = new NodeSearch(universe, settings.seed(), NodeSearch.Effort.QUICK)
                    .choose(settings.nodes() - 1, memory)
                    .sets();
            Evaluation evaluation = TreeEvaluator.evaluate(
                    new Assembly(universe, sets, memory).tree(), trace.withCalls(folds.get(fold)));
            total += evaluation.importMillisTotal() * evaluation.calls();
            left += evaluation.importMillisLeft() * evaluation.calls();
            calls += evaluation.calls();
        }
        return Optional.of(new Expected(total / calls, left / calls));
    }

    /**
     * Deals the calls of every set out evenly, and what remains at random: a set that was called twice may well be in
     * one fold alone, as it may be new to a tree that is at work.
     */
    private static List<List<Trace.Calls>> folds(Trace trace, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<List<Trace.Calls>> folds = new ArrayList<>();
        for (int fold = 0; fold < FOLDS; fold++) {
            folds.add(new ArrayList<>());
        }
        for (Trace.Calls calls : trace.calls()) {
            long[] counts = new long[FOLDS];
            Arrays.fill(counts, calls.count() / FOLDS);
            for (long remain = calls.count() % FOLDS; remain > 0; remain--) {
                counts[random.nextInt(FOLDS)]++;
            }
            for (int fold = 0; fold < FOLDS; fold++) {
                if (counts[fold] > 0) {
                    folds.get(fold).add(new Trace.Calls(calls.packages(), counts[fold]));
                }
            }
        }
        return folds;
    }

    /** Puts chosen sets into a tree: each below the chosen subset of it that saves the most memory. */
    private static final class Assembly {
        private final Universe universe;
        private final List<BitSet> sets;
        private final int[] parents;

        Assembly(Universe universe, List<BitSet> chosen, double memory) {
            this.universe = universe;
            List<BitSet> kept = new ArrayList<>(chosen);
            int[] found = parents(universe, kept);
            // A path that is too long for the kernel costs memory when it is shortened; the last chosen gain least.
            while (megabytes(universe, kept, found) > memory + 1e-6) {
                kept.removeLast();
                found = parents(universe, kept);
            }
            sets = kept;
            parents = found;
        }

        private static double megabytes(Universe universe, List<BitSet> sets, int[] parents) {
            double sum = 0;
            for (int i = 0; i < parents.length; i++) {
                sum += universe.megabytes(sets.get(i))
                        - (parents[i] < 0 ? 0 : universe.megabytes(sets.get(parents[i])));
            }
            return sum;
        }

        /** Of each set the number of the set above it, -1 for the root. */
        private static int[] parents(Universe universe, List<BitSet> sets) {
            int[] parents = new int[sets.size()];
            int[] depth = new int[sets.size()];
            List<Integer> small = new ArrayList<>();
            for (int i = 0; i < sets.size(); i++) {
                small.add(i);
            }
            small.sort(Comparator.comparingInt(i -> sets.get(i).cardinality()));
            for (int at = 0; at < small.size(); at++) {
                int set = small.get(at);
                int best = -1;
                for (int other : small.subList(0, at)) {
                    if (depth[other] < ZygoteTree.MAX_DEPTH - 1
                            && NodeSearch.contains(sets.get(set), sets.get(other))
                            && (best < 0 || compare(universe, sets.get(other), sets.get(best)) > 0)) {
                        best = other;
                    }
                }
                parents[set] = best;
                depth[set] = best < 0 ? 1 : depth[best] + 1;
            }
            return parents;
        }

        private static int compare(Universe universe, BitSet a, BitSet b) {
            int byMemory = Double.compare(universe.megabytes(a), universe.megabytes(b));
            int byTime = byMemory != 0 ? byMemory : Double.compare(universe.millis(a), universe.millis(b));
            return byTime != 0 ? byTime : Integer.compare(a.cardinality(), b.cardinality());
        }

        ZygoteTree tree() {
            return new ZygoteTree(new ZygoteTree.Node(List.of(), children(-1)));
        }

        /** In the order in which they were chosen: what gains most stands first. */
        private List<ZygoteTree.Node> children(int parent) {
            List<ZygoteTree.Node> children = new ArrayList<>();
            for (int i = 0; i < parents.length; i++) {
                if (parents[i] == parent) {
                    BitSet own = (BitSet) sets.get(i).clone();
                    if (parent >= 0) {
                        own.andNot(sets.get(parent));
                    }
                    children.add(new ZygoteTree.Node(universe.importOrder(own, sets.get(i)), children(i)));
                }
            }
            return children;
        }
    }
}
