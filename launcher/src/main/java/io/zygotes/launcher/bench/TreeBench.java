package io.zygotes.launcher.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Zygote;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * {@code bench tree}: the calls of a trace made again with real packages, without zygotes, with the default tree, with a
 * given one and with one that learns. Each call gets a new leaf, because a tree changes nothing for a leaf that is there.
 */
public final class TreeBench {

    private static final String RETURN = "\n\ndef f(event):\n    return event\n";
    private static final Duration REFIT_PATIENCE = Duration.ofSeconds(30);
    private static final Duration REFIT = Duration.ofSeconds(3);

    private final Workbench bench;
    private final List<Set<PackageId>> calls;
    private final Path tree;
    /** Each distinct set of packages is a lambda. */
    private final Map<Set<PackageId>, String> lambdas = new LinkedHashMap<>();

    /**
     * @param bench where to measure; closed by the caller
     * @param calls the packages of each call, in order
     * @param tree the given tree
     */
    public TreeBench(Workbench bench, List<Set<PackageId>> calls, Path tree) {
        this.bench = bench;
        this.calls = List.copyOf(calls);
        this.tree = tree.toAbsolutePath();
        calls.forEach(packages -> lambdas.computeIfAbsent(packages, each -> "set-" + lambdas.size()));
    }

    /**
     * Measures.
     *
     * @param defaultTree the content of {@code default-zygotes-40.json}
     * @return a row for each tree
     * @throws BenchException if no lambda of the trace can be run
     * @throws Exception if a worker cannot be started
     */
    public List<TreeRow> run(byte[] defaultTree) throws Exception {
        bench.furnish(defaultTree);
        for (Map.Entry<Set<PackageId>, String> lambda : lambdas.entrySet()) {
            install(lambda.getKey(), lambda.getValue(), RETURN.strip() + "\n");
        }
        Map<String, String> imports = new HashMap<>();
        tryAll("installing the packages of", (worker, packages, lambda) -> {
            var code = new StringBuilder();
            for (PackageId id : new TreeSet<>(packages)) {
                worker.modules(id).forEach(module -> code.append("import ").append(module).append('\n'));
            }
            imports.put(lambda, code.toString());
        });
        for (Map.Entry<Set<PackageId>, String> lambda : lambdas.entrySet()) {
            install(lambda.getKey(), lambda.getValue(), imports.get(lambda.getValue()) + RETURN);
        }
        tryAll("importing the packages of", (worker, packages, lambda) -> { });
        return List.of(
                measure("none", "", config -> { }),
                measure("default", "tree", config -> { }),
                measure("fitted", "tree", config -> config.put("import_cache_tree", tree.toString())),
                measure("auto", "tree", config -> {
                    config.put("import_cache_tree", "auto");
                    config.withObjectProperty("plugins").withObjectProperty("tree").put("refit_seconds", 1);
                }));
    }

    private void install(Set<PackageId> packages, String lambda, String code) throws Exception {
        bench.install(lambda, code, new TreeSet<>(packages).stream()
                .map(id -> id + "\n")
                .collect(Collectors.joining()));
    }

    private interface Look {
        void at(BenchWorker worker, Set<PackageId> packages, String lambda) throws BenchException;
    }

    /** Calls each lambda once; those that fail are reported and left out of everything. */
    private void tryAll(String what, Look look) throws Exception {
        bench.say(what + " " + lambdas.size() + " lambdas");
        BenchWorker worker = bench.worker("", config -> { });
        List<Set<PackageId>> broken = new ArrayList<>();
        try (KeepAlive connection = worker.connect()) {
            for (Map.Entry<Set<PackageId>, String> lambda : lambdas.entrySet()) {
                try {
                    worker.prepare(connection, lambda.getValue());
                    look.at(worker, lambda.getKey(), lambda.getValue());
                } catch (BenchException e) {
                    bench.say("left out a lambda with " + new TreeSet<>(lambda.getKey()) + ": " + e.getMessage());
                    broken.add(lambda.getKey());
                }
                worker.dropAll(lambda.getValue());
            }
        }
        lambdas.keySet().removeAll(broken);
        if (lambdas.isEmpty()) {
            throw new BenchException("no lambda of the trace can be run on this machine, so there is nothing to compare");
        }
    }

    private TreeRow measure(String name, String importCache, Consumer<ObjectNode> settings) throws Exception {
        BenchWorker worker = bench.worker(importCache, settings);
        try (KeepAlive connection = worker.connect()) {
            bench.say(name + ": first round, zygotes are made");
            TreeRow.Round first = round(worker, connection);
            if (name.equals("auto")) {
                awaitRefit(worker);
            }
            bench.say(name + ": second round");
            TreeRow.Round second = round(worker, connection);
            List<Zygote> zygotes = worker.zygotes();
            return TreeRow.of(name, first, second, zygotes.size(),
                    zygotes.stream().mapToLong(Zygote::memoryBytes).sum());
        }
    }

    /** With too few calls there is none; then the default tree goes on. */
    private static void awaitRefit(BenchWorker worker) throws InterruptedException {
        long deadline = System.nanoTime() + REFIT_PATIENCE.toNanos();
        while (worker.statistic("cache_refits") == 0 && System.nanoTime() < deadline) {
            Thread.sleep(100);
        }
        Thread.sleep(REFIT);
    }

    private TreeRow.Round round(BenchWorker worker, KeepAlive connection)
            throws IOException, BenchException, InterruptedException {
        List<Long> nanos = new ArrayList<>();
        List<Long> privateBytes = new ArrayList<>();
        int hits = 0;
        for (Set<PackageId> packages : calls) {
            String lambda = lambdas.get(packages);
            if (lambda != null) {
                long start = System.nanoTime();
                KeepAlive.Answer answer = BenchWorker.call(connection, lambda);
                nanos.add(System.nanoTime() - start);
                hits += answer.start().equals("hit") ? 1 : 0;
                Leaf leaf = worker.leaf(lambda);
                privateBytes.add(leaf.privateBytes());
                worker.dropAll(lambda);
            }
        }
        return new TreeRow.Round(nanos, privateBytes, hits);
    }
}
