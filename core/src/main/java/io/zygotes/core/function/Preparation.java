package io.zygotes.core.function;

import io.zygotes.core.registry.LambdaCode;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.threads.NoThreadException;
import io.zygotes.core.threads.ThreadStart;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Does ahead what the first call of a lambda would wait for: reads and checks all that are in the registry, and has
 * them compiled, when the worker starts and when it hears that something was installed. Calls that come meanwhile do
 * not wait for it.
 */
final class Preparation implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Preparation.class.getName());
    /** How long calls may keep it from going on to the next lambda. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final LambdaRegistry registry;
    private final CodeCompiler compiler;
    private final Runnable packages;
    private final CallsUnderWay calls;
    private final AtomicBoolean asked = new AtomicBoolean();
    /** Of each lambda the version that was prepared, or why it cannot be used. Used by the one thread. */
    private final Map<String, String> prepared = new HashMap<>();

    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("preparation").daemon().factory());

    /**
     * @param registry which lambdas there are
     * @param compiler compiles them
     * @param packages has those packages compiled that are not, soon
     * @param calls which the processors are left to
     */
    Preparation(LambdaRegistry registry, CodeCompiler compiler, Runnable packages, CallsUnderWay calls) {
        this.registry = registry;
        this.compiler = compiler;
        this.packages = packages;
        this.calls = calls;
    }

    /** Prepares soon what is in the registry and was not prepared yet. Returns at once. */
    void begin() {
        // One round that has not begun finds all that those who asked meanwhile mean.
        if (!asked.compareAndSet(false, true)) {
            return;
        }
        try {
            ThreadStart.execute(thread, this::round);
        } catch (NoThreadException | RejectedExecutionException e) {
            asked.set(false);
            LOG.log(Level.DEBUG, "lambdas are prepared when they are called: " + e.getMessage());
        }
    }

    private void round() {
        asked.set(false);
        try {
            List<String> names = registry.store().names();
            prepared.keySet().retainAll(names);
            List<LambdaCode> changed = new ArrayList<>();
            for (String name : names) {
                calls.awaitQuiet(PATIENCE);
                prepare(name, changed);
            }
            registry.saveIndex();
            // All at once, and with that in one sandbox.
            compiler.compile(changed);
            packages.run();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "lambdas are prepared when they are called: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void prepare(String name, List<LambdaCode> changed) {
        try {
            LambdaCode code = registry.lookupNow(name);
            if (!code.version().equals(prepared.put(name, code.version()))) {
                changed.add(code);
            }
        } catch (RegistryException e) {
            if (!e.getMessage().equals(prepared.put(name, e.getMessage()))
                    && e.kind() != RegistryException.Kind.UNKNOWN) {
                LOG.log(Level.WARNING, "cannot be called as it is: " + e.getMessage());
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "lambda " + name + " is looked at again when it is called: " + e.getMessage());
        }
    }

    /** Ends, and lets the registry write down what it read. */
    @Override
    public void close() {
        thread.shutdownNow();
        Functions.awaitEnd(thread);
        registry.saveIndex();
    }
}
