package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;

/**
 * What a worker recorded: packages with their costs, and how often which set of packages was called. Immutable.
 *
 * <p>A cost that the trace does not have is estimated: the mean of the versions of the same name that it has, else the
 * median of all that it has, else 10 ms and 1 MiB.
 */
public final class Trace {

    private static final ImportCost NOTHING = new ImportCost(0, 0);
    private static final ImportCost UNKNOWN = new ImportCost(10, 1);

    /**
     * A package as the trace has it.
     *
     * @param id name and version
     * @param dependencies what it needs directly
     * @param millis what importing it alone costs, in milliseconds; empty if it was not measured
     * @param megabytes what importing it alone costs, in MiB; empty if it was not measured
     */
    public record TracedPackage(
            PackageId id, List<Requirement> dependencies, OptionalDouble millis, OptionalDouble megabytes) {

        /** Copies the list. */
        public TracedPackage {
            Objects.requireNonNull(id);
            dependencies = List.copyOf(dependencies);
        }
    }

    /**
     * Calls of functions with the same packages.
     *
     * @param packages all packages of the function, indirect ones too
     * @param count how many calls; at least 1
     */
    public record Calls(Set<PackageId> packages, long count) {

        /** Copies the set. */
        public Calls {
            packages = Set.copyOf(packages);
        }
    }

    private final Map<PackageId, TracedPackage> packages;
    private final List<Calls> calls;
    private final Map<PackageId, ImportCost> costs = new HashMap<>();
    private int estimated;

    /**
     * @param packages the packages; those that only functions name need not be among them
     * @param calls the calls, each distinct set once
     */
    public Trace(List<TracedPackage> packages, List<Calls> calls) {
        Map<PackageId, TracedPackage> byId = new LinkedHashMap<>();
        packages.forEach(each -> byId.put(each.id(), each));
        this.packages = byId;
        this.calls = List.copyOf(calls);
        Estimate millis = new Estimate(byId.values(), TracedPackage::millis, UNKNOWN.millis());
        Estimate megabytes = new Estimate(byId.values(), TracedPackage::megabytes, UNKNOWN.megabytes());
        List<PackageId> all = new ArrayList<>(byId.keySet());
        this.calls.forEach(each -> all.addAll(each.packages()));
        for (PackageId id : all) {
            if (!costs.containsKey(id)) {
                TracedPackage traced = byId.get(id);
                costs.put(id, new ImportCost(millis.of(id, traced), megabytes.of(id, traced)));
                estimated += traced == null || traced.millis().isEmpty() ? 1 : 0;
            }
        }
    }

    private static final class Estimate {
        private final Function<TracedPackage, OptionalDouble> field;
        private final Map<String, double[]> byName = new HashMap<>();
        private final double otherwise;

        Estimate(Iterable<TracedPackage> packages, Function<TracedPackage, OptionalDouble> field, double unknown) {
            this.field = field;
            List<Double> known = new ArrayList<>();
            for (TracedPackage each : packages) {
                field.apply(each).ifPresent(value -> {
                    known.add(value);
                    double[] sum = byName.computeIfAbsent(each.id().name(), name -> new double[2]);
                    sum[0] += value;
                    sum[1]++;
                });
            }
            double[] sorted =
                    known.stream().flatMapToDouble(DoubleStream::of).sorted().toArray();
            otherwise = sorted.length == 0 ? unknown : sorted[sorted.length / 2];
        }

        double of(PackageId id, TracedPackage traced) {
            OptionalDouble measured = traced == null ? OptionalDouble.empty() : field.apply(traced);
            if (measured.isPresent()) {
                return measured.getAsDouble();
            }
            double[] sum = byName.get(id.name());
            return sum == null ? otherwise : sum[0] / sum[1];
        }
    }

    /**
     * The same trace for a tree that must not hold certain packages: they are taken out of all calls, and so is what
     * needs them, because to import it imports them.
     *
     * @param unfit which packages no zygote may hold
     */
    public Trace without(Predicate<PackageId> unfit) {
        Map<Set<PackageId>, Long> left = new LinkedHashMap<>();
        for (Calls each : calls) {
            left.merge(fit(each.packages(), unfit), each.count(), Long::sum);
        }
        List<Calls> others = left.entrySet().stream()
                .map(each -> new Calls(each.getKey(), each.getValue()))
                .toList();
        return new Trace(List.copyOf(packages.values()), others);
    }

    /** What of a function's packages neither is unfit nor needs what is. */
    private Set<PackageId> fit(Set<PackageId> all, Predicate<PackageId> unfit) {
        Set<PackageId> fit = new HashSet<>(all);
        if (!fit.removeIf(unfit)) {
            return all;
        }
        Set<PackageId> out = new HashSet<>(all);
        out.removeAll(fit);
        while (fit.removeIf(id -> needsOneOf(id, out) && out.add(id))) {
            // Until nothing else needs what was taken out.
        }
        return fit;
    }

    private boolean needsOneOf(PackageId id, Set<PackageId> others) {
        TracedPackage traced = packages.get(id);
        return traced != null
                && traced.dependencies().stream()
                        .anyMatch(needed -> others.stream().anyMatch(needed::matches));
    }

    /** The packages that the trace describes, by id, in the order of the trace. */
    public Map<PackageId, TracedPackage> packages() {
        return Collections.unmodifiableMap(packages);
    }

    /** The calls, each distinct set of packages once. */
    public List<Calls> calls() {
        return calls;
    }

    /** How many calls there are in all. */
    public long callCount() {
        return calls.stream().mapToLong(Calls::count).sum();
    }

    /** What importing a package costs, measured or estimated; nothing if the trace never names it. */
    public ImportCost cost(PackageId id) {
        return costs.getOrDefault(id, NOTHING);
    }

    /** Whether the trace describes the package or a function that was called has it. */
    public boolean names(PackageId id) {
        return costs.containsKey(id);
    }

    /**
     * The packages that need themselves by way of others, sorted. No import order is right for them: they are imported
     * in one that breaks each circle somewhere.
     */
    public List<PackageId> circular() {
        Map<String, List<PackageId>> byName = new HashMap<>();
        packages.keySet()
                .forEach(id -> byName.computeIfAbsent(id.name(), name -> new ArrayList<>())
                        .add(id));
        return packages.keySet().stream()
                .filter(id -> needs(id, id, byName))
                .sorted()
                .toList();
    }

    private boolean needs(PackageId from, PackageId what, Map<String, List<PackageId>> byName) {
        Set<PackageId> seen = new HashSet<>();
        List<PackageId> open = new ArrayList<>(List.of(from));
        while (!open.isEmpty()) {
            for (Requirement needed : packages.get(open.removeLast()).dependencies()) {
                for (PackageId id : byName.getOrDefault(needed.name(), List.of())) {
                    if (needed.matches(id) && seen.add(id)) {
                        open.add(id);
                    }
                }
            }
        }
        return seen.contains(what);
    }

    /** Of how many packages the import time is an estimate. */
    public int estimatedPackages() {
        return estimated;
    }

    /** The same packages with other calls. */
    Trace withCalls(List<Calls> others) {
        return new Trace(List.copyOf(packages.values()), others);
    }
}
