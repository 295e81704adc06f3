package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.tree.RecordedCall;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The lambdas of a trace: one for each of its functions, which imports all the function's packages. What cannot be
 * installed or imported on this machine is left out. For one thread.
 */
final class TraceLambdas {

    private static final String RETURN = "def f(event):\n    return event\n";
    /** Each package that pip cannot reach an index for takes as long as pip is patient. */
    private static final int UNREACHABLE_TO_GIVE_UP = 2;

    /** A function as it was when it was called. */
    private record Function(String name, Set<PackageId> packages) {

        static Function of(RecordedCall call) {
            return new Function(call.function(), call.packages());
        }
    }

    private final Workbench bench;
    /** The name of each function's lambda; of those that can be run. */
    private final Map<Function, String> lambdas = new LinkedHashMap<>();
    /** What a lambda with these packages is. */
    private final Map<Set<PackageId>, String> imports = new LinkedHashMap<>();

    private final List<TreeReport.LeftOut> leftOut = new ArrayList<>();

    /**
     * @param bench where they are installed; has a worker directory when they are prepared
     * @param calls the calls of the trace
     */
    TraceLambdas(Workbench bench, List<RecordedCall> calls) {
        this.bench = bench;
        calls.forEach(call -> lambdas.computeIfAbsent(Function.of(call), each -> "function-" + lambdas.size()));
    }

    /**
     * Installs them and their packages, and sees to it that nothing which happens only once is left to happen.
     *
     * @throws Failure if none of those that have packages can be run
     * @throws Exception if a worker cannot be started
     */
    void prepare() throws Exception {
        installPackages();
        tryImports();
        compileTheOthers();
    }

    /** The lambda of a call's function; empty if it was left out. */
    Optional<String> of(RecordedCall call) {
        return Optional.ofNullable(lambdas.get(Function.of(call)));
    }

    /** The names of all that can be run. */
    Collection<String> names() {
        return Collections.unmodifiableCollection(lambdas.values());
    }

    /** How many different sets of packages they have. */
    int packageSets() {
        return imports.size();
    }

    /** What was left out, and why. */
    List<TreeReport.LeftOut> leftOut() {
        return List.copyOf(leftOut);
    }

    /** One lambda for each set of packages; the others have the same. */
    private Map<Set<PackageId>, String> oneOfEach() {
        Map<Set<PackageId>, String> one = new LinkedHashMap<>();
        lambdas.forEach((function, lambda) -> one.putIfAbsent(function.packages(), lambda));
        return one;
    }

    private void installPackages() throws Exception {
        Set<Set<PackageId>> sets = oneOfEach().keySet();
        bench.say("installing the packages of " + functions(lambdas.size()) + ", " + sets.size() + " different sets");
        Packages packages = bench.packages();
        Map<PackageId, String> lacking = new HashMap<>();
        int unreachable = 0;
        for (Set<PackageId> set : sets) {
            Optional<PackageId> known =
                    set.stream().filter(lacking::containsKey).findFirst();
            if (known.isPresent()) {
                leaveOut(set, lacking.get(known.get()));
                continue;
            }
            try {
                imports.put(set, code(packages, set));
            } catch (PackageException e) {
                String reason = shortened(e.getMessage());
                leaveOut(set, reason);
                lacking.put(e.id(), reason);
                unreachable += e.kind() == FailureKind.GONE ? 1 : 0;
                if (unreachable == UNREACHABLE_TO_GIVE_UP && !anyPackages()) {
                    throw new Failure(
                            "the package index cannot be reached, so the functions of the trace cannot be run; see"
                                    + " 'pip config list' and PIP_INDEX_URL. The last one: " + reason,
                            e);
                }
            }
        }
        requireAny();
    }

    /** Installs the packages of a set; what a lambda with them is. */
    private static String code(Packages packages, Set<PackageId> set) throws PackageException, InterruptedException {
        StringBuilder code = new StringBuilder();
        for (PackageId id : new TreeSet<>(set)) {
            for (String module : packages.install(id).modules()) {
                code.append("import ").append(module).append('\n');
            }
        }
        return code + "\n\n" + RETURN;
    }

    private boolean anyPackages() {
        return imports.keySet().stream().anyMatch(set -> !set.isEmpty());
    }

    private void tryImports() throws Exception {
        for (Map.Entry<Function, String> each : lambdas.entrySet()) {
            install(
                    each.getValue(),
                    each.getKey().packages(),
                    imports.get(each.getKey().packages()));
        }
        Map<Set<PackageId>, String> one = oneOfEach();
        bench.say("importing them");
        BenchWorker worker = bench.worker("", config -> {});
        try (KeepAlive connection = worker.connect()) {
            for (Map.Entry<Set<PackageId>, String> each : one.entrySet()) {
                try {
                    worker.prepare(connection, each.getValue());
                } catch (Failure e) {
                    leaveOut(each.getKey(), shortened(e.getMessage()));
                    imports.remove(each.getKey());
                }
                worker.dropAll(each.getValue());
            }
        }
        requireAny();
    }

    /** So that no tree has to wait for byte code that the next one finds there. Zygotes make that quick. */
    private void compileTheOthers() throws Exception {
        Map<Set<PackageId>, String> done = oneOfEach();
        List<String> others = lambdas.values().stream()
                .filter(lambda -> !done.containsValue(lambda))
                .toList();
        if (others.isEmpty()) {
            return;
        }
        bench.say("compiling the other " + functions(others.size()));
        BenchWorker worker = bench.worker("tree", config -> {});
        try (KeepAlive connection = worker.connect()) {
            for (String lambda : others) {
                worker.prepare(connection, lambda);
                worker.dropAll(lambda);
            }
        }
    }

    private void install(String lambda, Set<PackageId> packages, String code) throws Exception {
        bench.install(
                lambda,
                code,
                new TreeSet<>(packages).stream().map(id -> id + "\n").collect(Collectors.joining()));
    }

    /** Of pip's and Python's long answers the first line and the last one that says anything. */
    private static String shortened(String message) {
        String answer = message.replaceFirst("^.*?\\{\"error\":\"", "").replaceFirst("\"}$", "");
        List<String> lines = answer.replace("\\n", "\n")
                .lines()
                .map(String::strip)
                .filter(line -> line.matches(".*\\w.*"))
                .toList();
        return lines.size() < 2 ? answer : lines.getFirst() + " … " + lines.getLast();
    }

    private void leaveOut(Set<PackageId> packages, String reason) {
        List<Function> without = lambdas.keySet().stream()
                .filter(each -> each.packages().equals(packages))
                .toList();
        bench.say("left out " + functions(without.size()) + " with " + new TreeSet<>(packages) + ": " + reason);
        leftOut.add(new TreeReport.LeftOut(
                without.stream().map(Function::name).toList(),
                new TreeSet<>(packages).stream().map(PackageId::toString).toList(),
                reason));
        lambdas.keySet().removeAll(without);
    }

    private static String functions(int count) {
        return count + (count == 1 ? " function" : " functions");
    }

    private void requireAny() throws Failure {
        if (!leftOut.isEmpty() && !anyPackages()) {
            throw new Failure("no function of the trace that has packages can be run on this machine, so there is"
                    + " nothing to compare. The last one: "
                    + leftOut.getLast().reason());
        }
    }
}
