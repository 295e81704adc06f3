package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Says what a tree saves on a trace. For every call the best node is the one whose packages, ancestors included, are
 * all in the function's set and that saves most; of those that save the same, the first in the tree.
 */
public final class TreeEvaluator {

    private final ZygoteTree tree;
    private final Trace trace;
    private final Map<String, ImportCost> meanByName = new HashMap<>();

    private TreeEvaluator(ZygoteTree tree, Trace trace) {
        this.tree = tree;
        this.trace = trace;
        Map<String, double[]> sums = new HashMap<>();
        for (Trace.Calls calls : trace.calls()) {
            for (PackageId id : calls.packages()) {
                ImportCost cost = trace.cost(id);
                double[] sum = sums.computeIfAbsent(id.name(), name -> new double[3]);
                sum[0] += cost.millis() * calls.count();
                sum[1] += cost.megabytes() * calls.count();
                sum[2] += calls.count();
            }
        }
        sums.forEach((name, sum) -> meanByName.put(name, new ImportCost(sum[0] / sum[2], sum[1] / sum[2])));
    }

    /** Says what a tree saves on a trace. */
    public static Evaluation evaluate(ZygoteTree tree, Trace trace) {
        return new TreeEvaluator(tree, trace).evaluation();
    }

    /**
     * What each node adds, by its number: the cost of its own packages. Of a bare name the mean over the calls that pin
     * it, each with its version; nothing if none does.
     */
    public static List<ImportCost> costs(ZygoteTree tree, Trace trace) {
        TreeEvaluator evaluator = new TreeEvaluator(tree, trace);
        return tree.places().stream()
                .map(place -> evaluator.cost(place.node().packages()))
                .toList();
    }

    private ImportCost cost(Collection<Requirement> requirements) {
        double millis = 0;
        double megabytes = 0;
        for (Requirement requirement : requirements) {
            ImportCost cost = requirement.version().isPresent()
                    ? trace.cost(new PackageId(
                            requirement.name(), requirement.version().get()))
                    : meanByName.getOrDefault(requirement.name(), new ImportCost(0, 0));
            millis += cost.millis();
            megabytes += cost.megabytes();
        }
        return new ImportCost(millis, megabytes);
    }

    private Evaluation evaluation() {
        long[] hits = new long[tree.size()];
        double[] saved = new double[tree.size()];
        double total = 0;
        double left = 0;
        long count = 0;
        for (Trace.Calls calls : trace.calls()) {
            Map<String, PackageId> pins = new HashMap<>();
            double all = 0;
            for (PackageId id : calls.packages()) {
                pins.put(id.name(), id);
                all += trace.cost(id).millis();
            }
            int best = best(pins, saved);
            hits[best] += calls.count();
            total += all * calls.count();
            left += (all - saved[best]) * calls.count();
            count += calls.count();
        }
        int used = 0;
        List<Long> hitList = new ArrayList<>();
        for (long each : hits) {
            used += each > 0 ? 1 : 0;
            hitList.add(each);
        }
        double megabytes = tree.places().stream()
                .mapToDouble(place -> cost(place.node().packages()).megabytes())
                .sum();
        // Sums in another order differ in the last digit.
        return new Evaluation(
                count,
                total / count,
                Math.max(0, left / count),
                1 - (double) hits[0] / count,
                tree.size(),
                used,
                megabytes,
                trace.estimatedPackages(),
                unknown(),
                hitList);
    }

    private int unknown() {
        return (int) tree.places().stream()
                .flatMap(place -> place.node().packages().stream())
                .distinct()
                .filter(each -> each.version().isPresent()
                        ? !trace.names(new PackageId(each.name(), each.version().get()))
                        : !meanByName.containsKey(each.name()))
                .count();
    }

    /** The number of the best node; fills in what each fitting node saves, -1 for the others. */
    private int best(Map<String, PackageId> pins, double[] saved) {
        int best = 0;
        saved[0] = 0;
        for (ZygoteTree.Place place : tree.places().subList(1, tree.size())) {
            double sum = saved[place.parent()];
            for (Requirement requirement : place.node().packages()) {
                PackageId pin = pins.get(requirement.name());
                if (sum < 0 || pin == null || !requirement.matches(pin)) {
                    sum = -1;
                    break;
                }
                sum += trace.cost(pin).millis();
            }
            saved[place.index()] = sum;
            if (sum > saved[best]) {
                best = place.index();
            }
        }
        return best;
    }
}
