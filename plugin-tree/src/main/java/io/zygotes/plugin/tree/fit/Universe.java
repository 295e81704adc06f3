package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A trace in numbers: packages are bits, functions are sets of bits. With {@link TreeFitter.Versions#ANY} a package is
 * a name and costs what its versions cost in the mean; with {@code PINNED} it is a name with a version.
 */
final class Universe {

    /** The most called sets are enough to see what is called together. */
    private static final int MOST_SETS = 20_000;
    /** Sets times packages: bounds the memory of the search, which keeps some ten bits for each of them. */
    private static final long MOST_BITS = 140_000_000;
    /** A dependency cheaper than this share of what needs it is not worth being named, see {@link #named}. */
    private static final double WORTH_NAMING = 0.1;

    /** A set of packages that is called. */
    record Item(BitSet set, double weight) {}

    private final Trace trace;
    private final boolean pinned;
    private final Map<Requirement, Integer> bits = new HashMap<>();
    private final List<Requirement> requirements = new ArrayList<>();
    private final Map<String, BitSet> versionsOf = new HashMap<>();
    private final List<double[]> sums = new ArrayList<>();
    private final List<Map<String, Requirement>> dependencies = new ArrayList<>();
    private final List<Item> items;
    private final double[] millis;
    private final double[] megabytes;

    Universe(Trace trace, TreeFitter.Versions versions) {
        this.trace = trace;
        this.pinned = versions == TreeFitter.Versions.PINNED;
        Map<BitSet, Double> sets = new LinkedHashMap<>();
        trace.calls().stream()
                .sorted((a, b) -> Long.compare(b.count(), a.count()))
                .limit(MOST_SETS)
                .takeWhile(calls -> (long) sets.size() * size() < MOST_BITS)
                .forEach(calls -> sets.merge(set(calls), (double) calls.count(), Double::sum));
        items = sets.entrySet().stream()
                .filter(each -> !each.getKey().isEmpty())
                .map(each -> new Item(each.getKey(), each.getValue()))
                .toList();
        millis = sums.stream().mapToDouble(sum -> sum[0] / sum[2]).toArray();
        megabytes = sums.stream().mapToDouble(sum -> sum[1] / sum[2]).toArray();
    }

    private BitSet set(Trace.Calls calls) {
        BitSet set = new BitSet();
        for (PackageId id : calls.packages().stream().sorted().toList()) {
            Requirement requirement = pinned ? Requirement.of(id) : Requirement.parse(id.name());
            int bit = bits.computeIfAbsent(requirement, this::add);
            ImportCost cost = trace.cost(id);
            double[] sum = sums.get(bit);
            sum[0] += cost.millis() * calls.count();
            sum[1] += cost.megabytes() * calls.count();
            sum[2] += calls.count();
            Trace.TracedPackage traced = trace.packages().get(id);
            if (traced != null) {
                traced.dependencies().forEach(needed -> dependencies.get(bit).putIfAbsent(needed.name(), needed));
            }
            set.set(bit);
        }
        return set;
    }

    private int add(Requirement requirement) {
        versionsOf.computeIfAbsent(requirement.name(), name -> new BitSet()).set(requirements.size());
        requirements.add(requirement);
        sums.add(new double[3]);
        dependencies.add(new LinkedHashMap<>());
        return requirements.size() - 1;
    }

    /** The distinct sets that are called, without the empty one. */
    List<Item> items() {
        return items;
    }

    int size() {
        return requirements.size();
    }

    Requirement requirement(int bit) {
        return requirements.get(bit);
    }

    double millis(BitSet set) {
        return sum(set, millis);
    }

    double megabytes(BitSet set) {
        return sum(set, megabytes);
    }

    private static double sum(BitSet set, double[] values) {
        double sum = 0;
        for (int bit = set.nextSetBit(0); bit >= 0; bit = set.nextSetBit(bit + 1)) {
            sum += values[bit];
        }
        return sum;
    }

    /** Everything that a package needs, itself included, as far as there is a package of that name. */
    private BitSet closure(int bit, Map<String, Integer> byName) {
        BitSet closure = new BitSet();
        List<Integer> open = new ArrayList<>(List.of(bit));
        while (!open.isEmpty()) {
            int next = open.removeLast();
            if (!closure.get(next)) {
                closure.set(next);
                for (String name : dependencies.get(next).keySet()) {
                    Integer needed = byName.get(name);
                    if (needed != null) {
                        open.add(needed);
                    }
                }
            }
        }
        return closure;
    }

    /** The closures of a set's packages, by bit. */
    Map<Integer, BitSet> closures(BitSet set) {
        Map<String, Integer> byName = new HashMap<>();
        set.stream().forEach(bit -> byName.put(requirements.get(bit).name(), bit));
        Map<Integer, BitSet> closures = new LinkedHashMap<>();
        set.stream().forEach(bit -> closures.put(bit, closure(bit, byName)));
        return closures;
    }

    /** The packages of a set that nothing else in it needs: what its author asked for. */
    static List<Integer> roots(BitSet set, Map<Integer, BitSet> closures) {
        BitSet needed = new BitSet();
        closures.forEach((bit, closure) -> closure.stream()
                .filter(other -> other != bit && !closures.get(other).get(bit))
                .forEach(needed::set));
        return set.stream().filter(bit -> !needed.get(bit)).boxed().toList();
    }

    /** Whether no package stands in both sets in different versions. */
    boolean agree(BitSet a, BitSet b) {
        BitSet onlyB = (BitSet) b.clone();
        onlyB.andNot(a);
        return onlyB.stream()
                .noneMatch(bit -> versionsOf.get(requirements.get(bit).name()).intersects(a));
    }

    /**
     * The packages of a node that the tree names. A pinned tree names all. A tree of bare names leaves out what comes
     * with another package anyhow and costs next to nothing beside it: which small dependencies a package has changes
     * with its version, and a node fits only lambdas that have every package that it names.
     */
    BitSet named(BitSet set) {
        if (pinned) {
            return set;
        }
        BitSet named = (BitSet) set.clone();
        closures(set)
                .forEach((bit, closure) -> closure.stream()
                        .filter(other -> other != bit && millis[other] < WORTH_NAMING * millis[bit])
                        .forEach(named::clear));
        return named;
    }

    /** The packages of a node in import order: dependencies first, otherwise by name. */
    List<Requirement> importOrder(BitSet node, BitSet path) {
        Map<String, Integer> byName = new HashMap<>();
        path.stream().forEach(bit -> byName.put(requirements.get(bit).name(), bit));
        List<Requirement> order = new ArrayList<>();
        BitSet seen = new BitSet();
        node.stream()
                .boxed()
                .sorted((a, b) ->
                        requirements.get(a).name().compareTo(requirements.get(b).name()))
                .forEach(bit -> visit(bit, node, byName, seen, order));
        return order;
    }

    private void visit(int bit, BitSet node, Map<String, Integer> byName, BitSet seen, List<Requirement> order) {
        // Packages that need each other in a circle exist; the first one met then comes last.
        if (seen.get(bit)) {
            return;
        }
        seen.set(bit);
        for (String name : dependencies.get(bit).keySet()) {
            Integer needed = byName.get(name);
            if (needed != null) {
                visit(needed, node, byName, seen, order);
            }
        }
        if (node.get(bit)) {
            order.add(requirements.get(bit));
        }
    }
}
