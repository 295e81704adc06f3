package io.zygotes.sandbox.sock.network;

import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashSet;
import java.util.Set;

/** Follows what names mean, on a thread of its own. Safe for use by many threads. */
final class NameWatch implements AutoCloseable {

    private static final Logger LOG = System.getLogger(NameWatch.class.getName());

    private final NameResolution resolution;
    private final Follower follower;
    private final long everyMillis;
    private final Set<String> names;
    /** Those that were looked for at least once. */
    private Set<String> looked;

    private boolean urgent;
    private boolean closed;
    private final Thread thread;

    /** Is told what names mean. */
    @FunctionalInterface
    interface Follower {
        void follow(Surroundings now) throws IOException;
    }

    /**
     * @param looked names that were looked for already
     * @param follower is told what was found, each time
     * @param everyMillis how often it is looked
     */
    NameWatch(NameResolution resolution, Set<String> looked, Follower follower, long everyMillis) {
        this.resolution = resolution;
        this.follower = follower;
        this.everyMillis = everyMillis;
        this.names = new HashSet<>(looked);
        this.looked = Set.copyOf(looked);
        thread = Rounds.start("network-names", "following the names in network rules", this::round);
    }

    private boolean round() throws IOException, InterruptedException {
        Set<String> now;
        synchronized (this) {
            if (!urgent) {
                wait(everyMillis);
            }
            if (closed) {
                return false;
            }
            urgent = false;
            now = Set.copyOf(names);
        }
        try {
            follower.follow(resolution.look(now));
            return true;
        } catch (IOException e) {
            if (isClosed()) {
                return false; // and so is what it was to be written to
            }
            throw e;
        } finally {
            done(now);
        }
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized void done(Set<String> now) {
        looked = now;
        notifyAll();
    }

    /**
     * Has names followed from now on, and waits until they were looked for once.
     *
     * @param patienceMillis how long it waits at the most; after that it goes on without them
     * @throws InterruptedException if the calling thread is interrupted
     */
    synchronized void await(Set<String> wanted, long patienceMillis) throws InterruptedException {
        if (looked.containsAll(wanted)) {
            return;
        }
        if (names.addAll(wanted)) {
            urgent = true;
            notifyAll();
        }
        long deadline = System.nanoTime() + patienceMillis * 1_000_000;
        while (!closed && !looked.containsAll(wanted)) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                LOG.log(
                        Level.INFO,
                        "network rules: " + wanted + " is not resolved yet; what it allows is refused until it is");
                return;
            }
            wait(left);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        // It may be in the middle of asking a server that does not answer, which no interrupt ends, so nobody waits.
        thread.interrupt();
    }
}
