package io.zygotes.plugin.tree.fit;

import java.util.ArrayList;
import java.util.List;

/**
 * Chooses sets one after another, always the one that gains most for its price. The price is the share that it takes of
 * the nodes left, plus the share of the memory left. Gains only fall as sets are chosen, so one that was computed
 * earlier is a bound. What changes is kept in arrays, by the numbers of the candidates, for the processor's cache. For
 * one choice by one thread.
 */
final class GreedyChoice {

    /** Gains below this are rounding errors. */
    private static final double LEAST_RATE = 1e-9;

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

    GreedyChoice(List<Candidate> candidates, double[] weights, int nodes, double memory, double priceOfMemory) {
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
