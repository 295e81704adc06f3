package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.tree.RecordedCall;
import io.zygotes.spi.PackageId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * {@code bench tree}: the calls of a trace made again, in their order and at their pace, with real packages: without
 * zygotes, with the default tree, with a given one and with one that learns. Each function of the trace is a lambda that
 * imports all its packages.
 */
final class TreeBench {

    private static final String RETURN = "def f(event):\n    return event\n";
    /** How pip says that it does not reach its index. Each package then takes as long as pip is patient. */
    private static final String UNREACHABLE = "Retrying (Retry(";

    private static final int UNREACHABLE_TO_GIVE_UP = 2;
    private static final Pattern NOT_INSTALLED = Pattern.compile("cannot install (?<package>[^\\s]+==[^\\s]+) ");
    private static final Duration REFIT_PATIENCE = Duration.ofSeconds(20);
    private static final Duration REFIT_QUIET = Duration.ofSeconds(3);
    /** As many as the cache waits for before it learns anything. */
    private static final int FEWEST_LEAVES_TO_LEARN_FROM = 20;

    /** A function as it was when it was called. */
    private record Function(String name, Set<PackageId> packages) {

        static Function of(RecordedCall call) {
            return new Function(call.function(), call.packages());
        }
    }

    private final Workbench bench;
    private final List<RecordedCall> calls;
    private final Schedule schedule;
    private final Path tree;
    private final int rounds;
    /** The name of each function's lambda; of those that can be run. */
    private final Map<Function, String> lambdas = new LinkedHashMap<>();
    /** What a lambda with these packages imports. */
    private final Map<Set<PackageId>, String> imports = new LinkedHashMap<>();

    private final List<TreeReport.LeftOut> leftOut = new ArrayList<>();

    /**
     * @param bench where to measure; closed by the caller
     * @param calls the calls, in their order; at least one
     * @param schedule when to make them
     * @param tree the given tree
     * @param rounds how often to make all of them under each tree; at least 1
     */
    TreeBench(Workbench bench, List<RecordedCall> calls, Schedule schedule, Path tree, int rounds) {
        this.bench = bench;
        this.calls = List.copyOf(calls);
        this.schedule = schedule;
        this.tree = tree.toAbsolutePath();
        this.rounds = rounds;
        calls.forEach(call -> lambdas.computeIfAbsent(Function.of(call), each -> "function-" + lambdas.size()));
    }

    /**
     * Measures.
     *
     * @param defaultTree the content of {@code default-zygotes-40.json}
     * @return a row for each tree and round
     * @throws Failure if no lambda of the trace can be run
     * @throws Exception if a worker cannot be started
     */
    TreeReport run(byte[] defaultTree) throws Exception {
        bench.furnish(defaultTree);
        installPackages();
        tryImports();
        compileTheOthers();
        List<String> order = new ArrayList<>();
        List<Double> offsets = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            String lambda = lambdas.get(Function.of(calls.get(i)));
            if (lambda != null) {
                order.add(lambda);
                int at = i;
                schedule.offsets().ifPresent(all -> offsets.add(all.get(at)));
            }
        }
        Schedule kept = new Schedule(schedule.name(), schedule.offsets().map(all -> offsets));
        List<TreeRow> rows = new ArrayList<>();
        rows.addAll(measure("none", "", order, kept, config -> {}));
        rows.addAll(measure("default", "tree", order, kept, config -> {}));
        rows.addAll(measure("fitted", "tree", order, kept, config -> config.put("import_cache_tree", tree.toString())));
        rows.addAll(measure("auto", "tree", order, kept, config -> {
            config.put("import_cache_tree", "auto");
            config.withObjectProperty("plugins").withObjectProperty("tree").put("refit_seconds", 1);
        }));
        return new TreeReport(
                order.size(),
                lambdas.size(),
                imports.size(),
                schedule.name(),
                calls.size() - order.size(),
                leftOut,
                rows);
    }

    /** One lambda for each set of packages; the others have the same. */
    private Map<Set<PackageId>, String> oneOfEach() {
        Map<Set<PackageId>, String> one = new LinkedHashMap<>();
        lambdas.forEach((function, lambda) -> one.putIfAbsent(function.packages(), lambda));
        return one;
    }

    private void installPackages() throws Exception {
        Map<Set<PackageId>, String> one = oneOfEach();
        for (Map.Entry<Set<PackageId>, String> each : one.entrySet()) {
            install(each.getValue(), each.getKey(), RETURN);
        }
        bench.say("installing the packages of " + functions(lambdas.size()) + ", " + one.size() + " different sets");
        BenchWorker worker = bench.worker("", config -> {});
        Map<String, String> lacking = new HashMap<>();
        int unreachable = 0;
        try (KeepAlive connection = worker.connect()) {
            for (Map.Entry<Set<PackageId>, String> each : one.entrySet()) {
                Optional<String> known = each.getKey().stream()
                        .map(PackageId::toString)
                        .filter(lacking::containsKey)
                        .findFirst();
                if (known.isPresent()) {
                    leaveOut(each.getKey(), lacking.get(known.get()));
                    continue;
                }
                try {
                    BenchWorker.call(connection, each.getValue());
                    StringBuilder code = new StringBuilder();
                    for (PackageId id : new TreeSet<>(each.getKey())) {
                        worker.modules(id)
                                .forEach(module ->
                                        code.append("import ").append(module).append('\n'));
                    }
                    imports.put(each.getKey(), code + "\n\n" + RETURN);
                } catch (Failure e) {
                    String reason = shortened(e.getMessage());
                    leaveOut(each.getKey(), reason);
                    Matcher which = NOT_INSTALLED.matcher(reason);
                    if (which.find()) {
                        lacking.put(which.group("package"), reason);
                    }
                    unreachable += e.getMessage().contains(UNREACHABLE) ? 1 : 0;
                    if (unreachable == UNREACHABLE_TO_GIVE_UP && !anyPackages()) {
                        throw new Failure(
                                "the package index cannot be reached, so the functions of the trace cannot"
                                        + " be run; see 'pip config list' and PIP_INDEX_URL. The last one: " + reason,
                                e);
                    }
                }
                worker.dropAll(each.getValue());
            }
        }
        requireAny();
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

    private List<TreeRow> measure(
            String name, String importCache, List<String> order, Schedule kept, Consumer<ObjectNode> settings)
            throws Exception {
        BenchWorker worker = bench.worker(importCache, settings);
        List<TreeRow> rows = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            bench.say(String.format(
                    Locale.ROOT,
                    "%s, round %d of %d: %d calls%s",
                    name,
                    round,
                    rounds,
                    order.size(),
                    kept.seconds() < 1 ? "" : String.format(Locale.ROOT, " in about %.0f s", kept.seconds())));
            Replay.Outcome outcome = new Replay(worker).run(order, kept.offsets());
            outcome.firstFailure()
                    .ifPresent(why -> bench.say(outcome.failed() + " calls failed, the first one: " + why));
            rows.add(TreeRow.of(name, round, outcome, worker.memory()));
            for (String lambda : lambdas.values()) {
                worker.dropAll(lambda);
            }
            if (name.equals("auto") && round < rounds) {
                awaitRefit(worker, outcome);
            }
        }
        return rows;
    }

    private void awaitRefit(BenchWorker worker, Replay.Outcome outcome) throws InterruptedException {
        if (outcome.nanos().size() - outcome.starts().getOrDefault("warm", 0) < FEWEST_LEAVES_TO_LEARN_FROM) {
            bench.say("fewer than " + FEWEST_LEAVES_TO_LEARN_FROM + " leaves were made: auto learns nothing from them");
            return;
        }
        long deadline = System.nanoTime() + REFIT_PATIENCE.toNanos();
        long fits = -1;
        long since = System.nanoTime();
        while ((fits < 1 || System.nanoTime() - since < REFIT_QUIET.toNanos()) && System.nanoTime() < deadline) {
            long now = worker.statistic("cache_refits");
            if (now != fits) {
                fits = now;
                since = System.nanoTime();
            }
            Thread.sleep(100);
        }
    }
}
