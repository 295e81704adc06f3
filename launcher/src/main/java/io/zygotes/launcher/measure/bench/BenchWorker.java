package io.zygotes.launcher.measure.bench;

import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.ContextTap;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.worker.Workers;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A worker in this process, called over HTTP like any other, whose sandboxes can be looked at from within. */
final class BenchWorker implements Workplace.Running {

    /** What every lambda is called with, and returns. */
    static final String EVENT = "{\"n\": 10}";

    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);
    /** Looking without a rest would take a processor from those that are waited for. */
    private static final long BETWEEN_LOOKS = TimeUnit.MICROSECONDS.toNanos(100);

    private final Worker worker;

    private BenchWorker(Worker worker) {
        this.worker = worker;
    }

    /** Starts a worker. */
    static BenchWorker start(WorkerDirectory directory, ImportCaches caches)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        return started(Workers.make(directory, directory.config(), caches));
    }

    /** Starts a worker that serves no lambda: what it has for import caches is handed out by the tap. */
    static BenchWorker start(WorkerDirectory directory, ContextTap tap)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        return started(Workers.make(directory, directory.config(), tap));
    }

    private static BenchWorker started(Worker worker)
            throws ConfigException, SandboxException, IOException, InterruptedException {
        worker.start();
        return new BenchWorker(worker);
    }

    KeepAlive connect() throws IOException {
        return new KeepAlive(worker.port());
    }

    /** Calls a lambda; an answer other than its event is a failure. */
    static KeepAlive.Answer call(KeepAlive connection, String lambda) throws IOException, Failure {
        return check(lambda, connection.send(KeepAlive.call(lambda, EVENT)));
    }

    static KeepAlive.Answer check(String lambda, KeepAlive.Answer answer) throws Failure {
        if (answer.status() != 200 || !answer.body().equals(EVENT)) {
            throw new Failure("the lambda " + lambda + " answered with status " + answer.status() + ": "
                    + answer.body().strip());
        }
        return answer;
    }

    /**
     * Calls a lambda until nothing that happens only once is left to happen: its packages are installed, its byte code
     * is written. Its leaf stays.
     */
    void prepare(KeepAlive connection, String lambda) throws IOException, Failure, InterruptedException {
        // May install packages, which has a time limit of its own.
        call(connection, lambda);
        long deadline = System.nanoTime() + PATIENCE;
        while (!compiled(leaf(lambda).spec().handler())) {
            if (System.nanoTime() > deadline) {
                throw new Failure("the byte code of the lambda " + lambda + " was not written within "
                        + TimeUnit.NANOSECONDS.toSeconds(PATIENCE) + " s; is mem_pool_mb too small for this machine?");
            }
            Thread.sleep(20);
            call(connection, lambda);
        }
    }

    private static boolean compiled(Path handler) throws IOException {
        Path cache = handler.resolve("__pycache__");
        if (!Files.isDirectory(cache)) {
            return false;
        }
        try (Stream<Path> files = Files.list(cache)) {
            return files.anyMatch(file -> file.getFileName().toString().matches("f\\..*\\.pyc"));
        }
    }

    /** The leaf of a lambda that was just called. */
    Leaf leaf(String lambda) throws Failure {
        return worker.leaves(lambda).stream()
                .filter(Sandbox::alive)
                .findFirst()
                .orElseThrow(() -> new Failure("the leaf of " + lambda + " is gone, although nothing was to end it"
                        + "; is mem_pool_mb too small for this machine?"));
    }

    /** Starts to destroy the leaves of a lambda; returns them. */
    List<Leaf> drop(String lambda) {
        List<Leaf> leaves = worker.leaves(lambda);
        leaves.forEach(Sandbox::destroy);
        return leaves;
    }

    /** Destroys the leaves of a lambda and waits until their processes are gone. */
    void dropAll(String lambda) throws Failure, InterruptedException {
        awaitGone(drop(lambda));
    }

    static void awaitGone(List<Leaf> leaves) throws Failure, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE;
        for (Leaf leaf : leaves) {
            while (leaf.memoryBytes() > 0) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (System.nanoTime() > deadline) {
                    throw new Failure("the processes of " + leaf.id() + " do not end; see the worker's log");
                }
                LockSupport.parkNanos(BETWEEN_LOOKS);
            }
        }
    }

    /** A number of {@code /stats}; 0 if there is none of that name. */
    long statistic(String name) {
        return worker.statistics().getOrDefault(name, 0).longValue();
    }

    List<Zygote> zygotes() {
        return worker.zygotes().stream().filter(Sandbox::alive).toList();
    }

    /** What all sandboxes take now. */
    SandboxMemory memory() {
        List<Zygote> zygotes = zygotes();
        List<Leaf> leaves = worker.leaves().stream().filter(Sandbox::alive).toList();
        List<Long> own = leaves.stream().map(Leaf::privateBytes).sorted().toList();
        return new SandboxMemory(
                zygotes.size(),
                zygotes.stream().mapToLong(Sandbox::memoryBytes).sum(),
                leaves.size(),
                leaves.stream().mapToLong(Sandbox::memoryBytes).sum(),
                own.isEmpty() ? 0 : own.get(own.size() / 2));
    }

    /**
     * What the zygote of a lambda's leaf has imported, in the order of the import.
     *
     * @throws Failure if no zygote has exactly the lambda's packages
     */
    List<PackageInfo> imports(Leaf leaf) throws Failure {
        Set<PackageId> wanted = leaf.spec().packages();
        Zygote zygote = zygotes().stream()
                .filter(each -> new HashSet<>(each.packages()).equals(wanted))
                .findFirst()
                .orElseThrow(() -> new Failure(
                        "no zygote has exactly the packages of " + leaf.spec().lambda() + ", " + wanted + "; there are "
                                + zygotes().stream().map(Zygote::packages).toList()));
        List<PackageInfo> imports = new ArrayList<>();
        for (PackageId id : zygote.packages()) {
            imports.add(worker.installed(id).orElseThrow(() -> new Failure(id + " is not installed any more")));
        }
        return imports;
    }

    @Override
    public void close() {
        worker.close();
    }
}
