package io.zygotes.launcher.measure.check;

import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Checks packages: finds versions, installs them, runs each in plain Python and under each strategy, and compares. The
 * work of plain Python goes on beside that of the sandboxes. One run each.
 */
final class PackageCheck {

    private static final int AT_ONCE = Math.max(2, Runtime.getRuntime().availableProcessors());
    /** Each package that pip cannot reach an index for takes as long as pip is patient. */
    private static final int UNREACHABLE_TO_GIVE_UP = 2;

    private final CheckBench bench;
    private final List<String> names;
    private final List<String> constraints;
    private final OnPurpose onPurpose = OnPurpose.read();
    /** What came out for those that cannot be checked, by their names. */
    private final Map<String, CheckRow> notInstalled = new HashMap<>();

    /**
     * @param bench where to check; is furnished
     * @param names packages, by names or pins
     * @param constraints lines of a constraints file for pip
     */
    PackageCheck(CheckBench bench, List<String> names, List<String> constraints) {
        this.bench = bench;
        this.names = List.copyOf(names);
        this.constraints = List.copyOf(constraints);
    }

    /**
     * Checks all of them.
     *
     * @throws Failure if pip reaches no index
     * @throws Exception if a worker cannot be started
     */
    CheckReport run() throws Exception {
        bench.say("finding versions of " + names.size() + " packages");
        Map<String, Resolution> resolved = Resolution.of(
                bench.python().executable(), bench.config().pipMirror(), names, constraints, bench.folder());
        try (WorkerLog log = WorkerLog.open();
                ExecutorService threads = Executors.newFixedThreadPool(
                        AT_ONCE, Thread.ofPlatform().name("check-", 0).daemon().factory());
                ExecutorService plainThreads = Executors.newFixedThreadPool(
                        AT_ONCE, Thread.ofPlatform().name("plain-", 0).daemon().factory())) {
            try {
                List<Subject> subjects = install(resolved, threads);
                List<SubjectCheck> checks = check(subjects, log, threads, plainThreads);
                return new CheckReport(bench.python().version(), rows(checks));
            } finally {
                threads.shutdownNow();
                plainThreads.shutdownNow();
            }
        }
    }

    private List<CheckRow> rows(List<SubjectCheck> checks) {
        Map<String, CheckRow> rows = new HashMap<>(notInstalled);
        checks.forEach(check -> rows.put(check.subject().name(), check.row()));
        return names.stream().map(PackageCheck::bare).distinct().map(rows::get).toList();
    }

    private static String bare(String name) {
        return PackageId.normalize(name.replaceFirst("==.*", "").strip());
    }

    /** Installs what has versions; the packages that are there then. */
    private List<Subject> install(Map<String, Resolution> resolved, ExecutorService threads) throws Exception {
        Map<String, Resolution> wanted = new LinkedHashMap<>();
        resolved.forEach((name, versions) -> {
            if (versions.pins().isEmpty()) {
                notInstalled.put(bare(name), CheckRow.notInstalled(bare(name), "", versions.error()));
            } else {
                wanted.putIfAbsent(bare(name), versions);
            }
        });
        bench.say("installing " + wanted.size() + " packages and what they need");
        CheckWorker worker = bench.worker(Strategy.NONE);
        Packages packages = worker.packages();
        Map<PackageId, String> lacking = installAll(packages, wanted, threads);
        List<Subject> subjects = new ArrayList<>();
        for (Map.Entry<String, Resolution> each : wanted.entrySet()) {
            List<PackageId> pins = each.getValue().pins();
            String why = pins.stream()
                    .filter(lacking::containsKey)
                    .map(lacking::get)
                    .findFirst()
                    .orElse("");
            if (!why.isEmpty()) {
                notInstalled.put(
                        each.getKey(),
                        CheckRow.notInstalled(each.getKey(), pins.getFirst().version(), why));
                continue;
            }
            subjects.add(subject(packages, pins));
        }
        return subjects;
    }

    /** Which of them cannot be installed, and why. */
    private static Map<PackageId, String> installAll(
            Packages packages, Map<String, Resolution> wanted, ExecutorService threads) throws Exception {
        Map<PackageId, Future<PackageInfo>> installs = new LinkedHashMap<>();
        wanted.values().stream()
                .flatMap(each -> each.pins().stream())
                .distinct()
                .forEach(id -> installs.put(id, threads.submit(() -> packages.install(id))));
        Map<PackageId, String> lacking = new HashMap<>();
        int unreachable = 0;
        for (Map.Entry<PackageId, Future<PackageInfo>> install : installs.entrySet()) {
            try {
                install.getValue().get();
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof PackageException failed)) {
                    throw e;
                }
                List<String> said = failed.getMessage().strip().lines().toList();
                lacking.put(install.getKey(), said.getFirst() + " … " + said.getLast());
                unreachable += failed.kind() == FailureKind.GONE ? 1 : 0;
                if (unreachable == UNREACHABLE_TO_GIVE_UP) {
                    throw new Failure(
                            "the package index cannot be reached; see 'pip config list' and PIP_INDEX_URL", e);
                }
            }
        }
        return lacking;
    }

    /** In the order in which a zygote imports them; what only an extra asks for comes before. */
    private static Subject subject(Packages packages, List<PackageId> pins)
            throws PackageException, InterruptedException {
        Map<PackageId, PackageInfo> order = new LinkedHashMap<>();
        List<PackageInfo> own = packages.closure(pins.getFirst(), Set.copyOf(pins));
        for (PackageId pin : pins) {
            if (own.stream().noneMatch(each -> each.id().equals(pin))) {
                order.put(pin, packages.install(pin));
            }
        }
        own.forEach(each -> order.put(each.id(), each));
        PackageId id = pins.getFirst();
        return new Subject(id.name(), id.version(), own.getLast().modules(), List.copyOf(order.values()));
    }

    private List<SubjectCheck> check(
            List<Subject> subjects, WorkerLog log, ExecutorService threads, ExecutorService plainThreads)
            throws Exception {
        PlainPython plain = bench.plain();
        Observation untouched = plain.run(Subject.NOTHING, List.of());
        if (untouched.failure().isPresent()) {
            throw new Failure(
                    "plain Python cannot be run: " + untouched.failure().get());
        }
        List<SubjectCheck> checks = new ArrayList<>();
        for (Subject subject : subjects) {
            bench.register(subject);
            checks.add(new SubjectCheck(
                    subject, plain, plainThreads.submit(() -> inPlainPython(plain, subject, untouched)), onPurpose));
        }
        bench.register(Subject.NOTHING);
        for (Strategy strategy : List.of(Strategy.NONE, Strategy.nodes(subjects), Strategy.TREE)) {
            bench.say("checking " + subjects.size() + " packages under " + strategy.name());
            CheckWorker worker = bench.worker(strategy);
            Observation bare = worker.observe(Subject.NOTHING.lambda(), SubjectCheck.EVENTS);
            if (bare.failure().isPresent()) {
                throw new Failure(
                        "a lambda without packages fails: " + bare.failure().get());
            }
            List<Future<Object>> calls = new ArrayList<>();
            for (SubjectCheck check : checks) {
                calls.add(threads.submit(task(() -> check.under(strategy, worker, bare, log))));
            }
            for (Future<Object> call : calls) {
                call.get();
            }
        }
        return checks;
    }

    /** A step without a result. */
    @FunctionalInterface
    private interface Step {
        void run() throws Exception;
    }

    private static Callable<Object> task(Step step) {
        return () -> {
            step.run();
            return step;
        };
    }

    private static Comparison inPlainPython(PlainPython plain, Subject subject, Observation untouched)
            throws Exception {
        return new Comparison(plain.run(subject, List.of()), plain.run(subject, List.of()), untouched);
    }
}
