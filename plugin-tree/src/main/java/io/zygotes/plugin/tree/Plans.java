package io.zygotes.plugin.tree;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Which nodes of a tree fit which lambda, and which is best. A node fits if the lambda pins every package on its path,
 * in the version that the path asks for, and all that those packages need. What was found is kept for the lambdas seen
 * last.
 */
final class Plans {

    /** Distinct sets of pins, a few KiB each. */
    private static final int KEPT = 1000;

    /** Finding out the fitting nodes is the slow part; ranking them anew, when costs were measured, the quick one. */
    private static final class Plan {
        private final List<Step> steps;
        private volatile Ranking ranking;

        Plan(List<Step> steps) {
            this.steps = steps;
        }
    }

    private record Ranking(long measured, List<Step> best) {}

    private record Rated(Step step, double saved, double megabytes) {}

    private final ZygoteTree tree;
    private final Packages packages;
    private final Savings savings;
    private final double minSavingMillis;
    private final LongSupplier measured;
    private final Map<Set<PackageId>, Plan> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Set<PackageId>, Plan> eldest) {
            return size() > KEPT;
        }
    };

    /**
     * @param tree the tree
     * @param packages what packages need, and what they cost
     * @param minSavingMillis what a node must save beyond the one above it to be of use
     * @param measured a number that grows whenever imports were measured: rankings may change then
     */
    Plans(ZygoteTree tree, Packages packages, double minSavingMillis, LongSupplier measured) {
        this.tree = tree;
        this.packages = packages;
        this.savings = new Savings(packages);
        this.minSavingMillis = minSavingMillis;
        this.measured = measured;
    }

    /**
     * The nodes that fit, the best first, the root last.
     *
     * @param pins all packages of the lambda, indirect ones too
     */
    List<Step> ranked(Set<PackageId> pins) throws PackageException, InterruptedException {
        Plan plan;
        synchronized (kept) {
            plan = kept.get(pins);
        }
        if (plan == null || isOutdated(plan)) {
            // Two threads may do this at once for one lambda; both find the same.
            plan = new Plan(fitting(pins));
            synchronized (kept) {
                kept.put(pins, plan);
            }
        }
        long now = measured.getAsLong();
        Ranking ranking = plan.ranking;
        if (ranking == null || ranking.measured() != now) {
            ranking = new Ranking(now, rank(plan.steps));
            plan.ranking = ranking;
        }
        return ranking.best();
    }

    /** Whether a package of the best node turned out to be unfit for zygotes meanwhile. */
    private boolean isOutdated(Plan plan) {
        Ranking ranking = plan.ranking;
        if (ranking == null) {
            return false;
        }
        for (PackageId id : ranking.best().getFirst().packages()) {
            if (isUnfit(id)) {
                return true;
            }
        }
        return false;
    }

    private boolean isUnfit(PackageId id) {
        return packages.unfit(id).isPresent();
    }

    /** What the best node saves a lambda, by the costs that are known now, in milliseconds. */
    double savedMillis(Set<PackageId> pins) throws PackageException, InterruptedException {
        return savings.millis(ranked(pins).getFirst().packages());
    }

    private List<Step> fitting(Set<PackageId> pins) throws PackageException, InterruptedException {
        Map<String, PackageId> byName = new HashMap<>();
        pins.forEach(id -> byName.put(id.name(), id));
        Step[] steps = new Step[tree.size()];
        List<Step> fitting = new ArrayList<>();
        for (ZygoteTree.Place place : tree.places()) {
            Step parent = place.parent() < 0 ? null : steps[place.parent()];
            if (place.parent() < 0 || parent != null) {
                Step step = step(place, parent, byName, pins);
                steps[place.index()] = step;
                if (step != null) {
                    fitting.add(step);
                }
            }
        }
        return List.copyOf(fitting);
    }

    /** Null if the node does not fit. */
    private Step step(ZygoteTree.Place place, Step parent, Map<String, PackageId> byName, Set<PackageId> pins)
            throws PackageException, InterruptedException {
        Set<PackageId> order = new LinkedHashSet<>(parent == null ? List.of() : parent.order());
        for (Requirement requirement : place.node().packages()) {
            PackageId pin = byName.get(requirement.name());
            if (pin == null || !requirement.matches(pin)) {
                return null;
            }
            List<PackageInfo> closure = packages.closure(pin, pins);
            if (closure.stream().anyMatch(info -> isUnfit(info.id()))) {
                // The node is made without it: its lambdas import it themselves.
                continue;
            }
            for (PackageInfo info : closure) {
                // Asked of whoever resolves packages, checked here: a package too many is a security hole.
                if (!pins.contains(info.id())) {
                    return null;
                }
                order.add(info.id());
            }
        }
        return new Step(place.index(), parent, order, List.copyOf(order));
    }

    private List<Step> rank(List<Step> steps) {
        Map<Step, Double> saved = new IdentityHashMap<>();
        List<Rated> rated = new ArrayList<>();
        for (Step step : steps) {
            double millis = savings.millis(step.packages());
            saved.put(step, millis);
            if (step.isRoot() || millis - saved.get(step.parent()) >= minSavingMillis) {
                rated.add(new Rated(step, millis, savings.megabytes(step.packages())));
            }
        }
        // Of two that save the same, the smaller one: fewer page tables to copy, less memory to keep.
        rated.sort(Comparator.comparingDouble(Rated::saved)
                .reversed()
                .thenComparingDouble(Rated::megabytes)
                .thenComparingInt(r -> r.step().packages().size())
                .thenComparingInt(r -> r.step().node()));
        List<Step> best = new ArrayList<>();
        for (Rated each : rated) {
            best.add(each.step());
            if (each.step().isRoot()) {
                // What comes now saves nothing and only costs memory.
                break;
            }
        }
        return List.copyOf(best);
    }
}
