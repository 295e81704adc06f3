package io.zygotes.core.function;

import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.Script;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.core.threads.ThreadStart;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Compiles new code to byte code behind the back of the requests: importing even a short {@code f.py} without byte
 * code costs more than forking its leaf. All that waits is compiled in one leaf of the worker's own, which runs none of
 * it: a sandbox for each lambda would cost some 80 ms of processor, most of it for Python's start.
 */
final class CodeCompiler implements AutoCloseable {

    /** The lambda's name of the leaf that compiles. */
    static final String NAME = "byte-code";

    private static final Logger LOG = System.getLogger(CodeCompiler.class.getName());
    /** What one text of the largest size takes, many times over. */
    private static final Limits LIMITS = new Limits(128, 16, 100, 0, 30, 256, 8);

    private static final Duration MOST_FOR_ONE = Duration.ofSeconds(LIMITS.runtimeSec());
    /** How long calls may keep it from going on, each time. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final SandboxPool pool;
    private final Path home;
    private final ByteCodeFiles files;
    private final CallsUnderWay calls;
    private final Queue<Task> waiting = new ConcurrentLinkedQueue<>();
    private final ExecutorService thread;

    /** Used by the one thread. */
    private boolean madeHome;

    /**
     * Files to compile.
     *
     * @param what whose they are, for logs
     * @param folder where they are
     * @param seenAs where sandboxes see that folder
     * @param tell how loud to say that one cannot be compiled
     * @param wanted whether somebody needs them still
     * @param done who hears whether it need not be tried again
     */
    private record Task(
            String what, Path folder, String seenAs, Level tell, BooleanSupplier wanted, Consumer<Boolean> done) {

        static Task of(LambdaCode code, BooleanSupplier wanted, Consumer<Boolean> done) {
            return new Task(
                    "lambda " + code.spec().lambda(), code.spec().handler(), "/handler", Level.WARNING, wanted, done);
        }
    }

    /**
     * @param name of its thread
     * @param pool where the leaf that compiles is counted
     * @param home a folder of its own for that leaf's code; made when it is first needed
     * @param files finds what has no byte code, and writes it
     * @param calls which it leaves the processors to
     */
    CodeCompiler(String name, SandboxPool pool, Path home, ByteCodeFiles files, CallsUnderWay calls) {
        this.thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name).daemon().factory());
        this.pool = pool;
        this.home = home;
        this.files = files;
        this.calls = calls;
    }

    /**
     * Compiles a version soon, unless its byte code is there. A failure costs only time, so it is logged and nothing
     * else.
     *
     * @param code the version; its folder must stay until {@code done}
     * @param wanted whether it serves still; asked before it is begun with
     * @param done gets whether it need not be tried again
     */
    void compile(LambdaCode code, BooleanSupplier wanted, Consumer<Boolean> done) {
        begin(List.of(Task.of(code, wanted, done)));
    }

    /**
     * As {@link #compile(LambdaCode, BooleanSupplier, Consumer)}, many of them. Those whose folders go meanwhile are
     * passed over.
     */
    void compile(List<LambdaCode> codes) {
        begin(codes.stream().map(code -> Task.of(code, () -> true, _ -> {})).toList());
    }

    /**
     * Compiles the files of packages that have no byte code yet. Packages carry files that are for another Python or no
     * Python at all, so nobody is told of those that cannot be compiled.
     *
     * @param done gets each whose files were gone through
     */
    void compilePackages(List<PackageInfo> packages, Consumer<PackageInfo> done) {
        begin(packages.stream()
                .map(info -> new Task(
                        info.id().toString(),
                        info.folder(),
                        PackageStore.seenAs(info.id()),
                        Level.DEBUG,
                        () -> true,
                        finished -> {
                            if (finished) {
                                done.accept(info);
                            }
                        }))
                .toList());
    }

    private void begin(List<Task> tasks) {
        waiting.addAll(tasks);
        try {
            ThreadStart.execute(thread, this::compileAll);
        } catch (NoThreadException e) {
            LOG.log(Level.DEBUG, "lambdas are compiled later: " + e.getMessage());
            giveUp(tasks, false);
        } catch (RejectedExecutionException e) {
            giveUp(tasks, true);
        }
    }

    private void giveUp(List<Task> tasks, boolean forGood) {
        tasks.stream().filter(waiting::remove).forEach(task -> task.done().accept(forGood));
    }

    /** Compiles all that waits. */
    private void compileAll() {
        try {
            for (Task next = next(); next != null; next = next()) {
                calls.awaitQuiet(PATIENCE);
                compileInOneLeaf(next);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The next one that is wanted and has no byte code; null if there is none. */
    private Task next() {
        for (Task task = waiting.poll(); task != null; task = waiting.poll()) {
            if (task.wanted().getAsBoolean() && !hasByteCode(task)) {
                return task;
            }
            task.done().accept(true);
        }
        return null;
    }

    private boolean hasByteCode(Task task) {
        try {
            return files.missing(task.folder()).isEmpty();
        } catch (IOException e) {
            // It was replaced meanwhile, or removed.
            LOG.log(Level.DEBUG, task.what() + " is not compiled", e);
            return true;
        } catch (RuntimeException e) {
            // Whoever waits for one of the others is to be told of it.
            LOG.log(Level.WARNING, task.what() + " is not compiled ahead, its files cannot be listed", e);
            return true;
        }
    }

    /** Compiles all that waits, this one first; after a failure the others are left for another leaf. */
    private void compileInOneLeaf(Task first) throws InterruptedException {
        // What makes the leaf fail is not tried in the next one.
        AtomicReference<Task> present = new AtomicReference<>(first);
        boolean finished = false;
        boolean room = true;
        try {
            room = pool.inOwnLeaf(spec(), leaf -> {
                while (present.get() != null) {
                    compile(leaf, present.get());
                    present.get().done().accept(true);
                    present.set(next());
                }
            });
            finished = room;
        } catch (SandboxException | IOException e) {
            finished = true;
            LOG.log(Level.WARNING, "compiling " + present.get().what() + " failed; it runs without byte code", e);
        } finally {
            if (present.get() != null) {
                present.get().done().accept(finished);
            }
        }
        if (!room) {
            // There is no room now, for none of them.
            giveUp(List.copyOf(waiting), false);
        }
    }

    private LeafSpec spec() throws IOException {
        if (!madeHome) {
            Files.createDirectories(home);
            ByteCodeFiles.letAllIn(home);
            // Another version of the worker may have written another one.
            ByteCodeFiles.write(home.resolve("f.py"), Script.BYTE_CODE.text().getBytes(StandardCharsets.UTF_8));
            madeHome = true;
        }
        return new LeafSpec(NAME, home, Set.of(), LIMITS, Network.NONE, Map.of());
    }

    private void compile(Leaf leaf, Task task) throws SandboxException, InterruptedException {
        try {
            for (List<Path> part : files.missing(task.folder())) {
                calls.awaitQuiet(PATIENCE);
                byte[] event = files.event(task.folder(), task.seenAs(), part);
                Reply reply = leaf.call(Invocation.post(event), MOST_FOR_ONE);
                List<String> failed = files.write(task.folder(), part, reply.body());
                if (!failed.isEmpty()) {
                    LOG.log(
                            task.tell(),
                            // On one line, because names of files, such as stand in it, must not look like lines of the
                            // log.
                            task.what() + " has files that cannot be compiled: "
                                    + String.join("; ", failed)
                                            .replaceAll("\\p{Cntrl}+", " ")
                                            .strip());
                }
            }
        } catch (IOException e) {
            // It was replaced meanwhile, or the disk is full.
            LOG.log(Level.DEBUG, task.what() + " is not compiled", e);
        }
    }

    /** Ends what it compiles, and waits until that gave back its memory. */
    @Override
    public void close() {
        thread.shutdownNow();
        Functions.awaitEnd(thread);
    }
}
