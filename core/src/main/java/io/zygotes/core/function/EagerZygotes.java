package io.zygotes.core.function;

import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;

/**
 * Has the own zygotes made of functions that want theirs before they are called: when the worker starts, and when one
 * is installed, which changes the registry's folder.
 */
public final class EagerZygotes implements AutoCloseable {

    private static final Logger LOG = System.getLogger(EagerZygotes.class.getName());
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    /** A folder that changes again within the grain of its clock looks unchanged. */
    private static final Duration GRAIN = Duration.ofSeconds(2);

    private final LambdaStore store;
    private final Functions functions;
    private Thread thread;
    /** When the folder had changed last, as it was seen last; of the thread alone. */
    private FileTime seen = FileTime.fromMillis(0);

    /**
     * @param store where lambdas are installed
     * @param functions have their zygotes made
     */
    public EagerZygotes(LambdaStore store, Functions functions) {
        this.store = store;
        this.functions = functions;
    }

    /** Begins. Called once. */
    public synchronized void start() {
        thread = Rounds.start("eager-zygotes", "zygotes of functions that are not called yet", this::round);
    }

    private boolean round() throws IOException, InterruptedException {
        FileTime changed = Files.getLastModifiedTime(store.folder());
        if (!changed.equals(seen) || changed.toInstant().plus(GRAIN).isAfter(Instant.now())) {
            seen = changed;
            look();
        }
        Thread.sleep(LOOK_EVERY);
        return true;
    }

    private void look() throws IOException, InterruptedException {
        for (String name : store.names()) {
            if (store.mayMention(name, "eager")) {
                try {
                    functions.prepare(name);
                } catch (RegistryException | SandboxException e) {
                    // Whoever calls it is told the same.
                    LOG.log(Level.DEBUG, "no zygote of lambda " + name + " is made ahead: " + e.getMessage());
                }
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    @Override
    public synchronized void close() {
        if (thread == null) {
            return;
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
