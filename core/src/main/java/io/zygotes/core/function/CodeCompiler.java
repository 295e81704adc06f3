package io.zygotes.core.function;

import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.Script;
import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.core.threads.ThreadStart;
import io.zygotes.spi.Network;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Compiles new code to byte code behind the back of the requests: importing even a short {@code f.py} without byte
 * code costs more than forking its leaf.
 */
final class CodeCompiler implements AutoCloseable {

    private static final Logger LOG = System.getLogger(CodeCompiler.class.getName());

    private final SandboxPool pool;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("code-compiler").daemon().factory());

    CodeCompiler(SandboxPool pool) {
        this.pool = pool;
    }

    /**
     * Compiles a version soon. A failure costs only time, so it is logged and nothing else.
     *
     * @param code the version; its folder must stay until {@code done}
     * @param wanted whether it serves still; asked before it is begun with
     * @param done gets whether it need not be tried again
     */
    void compile(LambdaCode code, BooleanSupplier wanted, Consumer<Boolean> done) {
        try {
            ThreadStart.execute(thread, () -> {
                boolean finished = false;
                try {
                    finished = !wanted.getAsBoolean() || compile(code);
                } finally {
                    done.accept(finished);
                }
            });
        } catch (NoThreadException e) {
            LOG.log(Level.DEBUG, "lambda " + code.spec().lambda() + " is compiled later: " + e.getMessage());
            done.accept(false);
        } catch (RejectedExecutionException e) {
            done.accept(true);
        }
    }

    private boolean compile(LambdaCode code) {
        String lambda = code.spec().lambda();
        try {
            Optional<JobResult> result = pool.runIfRoom(new Job(
                    "compile " + lambda,
                    Script.COMPILE.text(),
                    List.of("/handler"),
                    Map.of(),
                    List.of(new Job.Mount(code.spec().handler(), "/handler", true)),
                    code.spec().limits(),
                    Network.NONE));
            result.filter(ended -> ended.exitCode() != 0)
                    .ifPresent(ended -> LOG.log(
                            Level.WARNING,
                            // On one line, because names of files, such as stand in it, must not look like lines of the
                            // log.
                            "compiling lambda " + lambda + " failed: "
                                    + ended.output()
                                            .replaceAll("\\p{Cntrl}+", " ")
                                            .strip()));
            return result.isPresent();
        } catch (SandboxException e) {
            LOG.log(Level.WARNING, "compiling lambda " + lambda + " failed; it runs without byte code", e);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Ends what it compiles, and waits until that gave back its memory. */
    @Override
    public void close() {
        thread.shutdownNow();
        Functions.awaitEnd(thread);
    }
}
