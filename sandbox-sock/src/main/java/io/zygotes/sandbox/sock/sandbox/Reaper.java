package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Frees what killed sandboxes held, once the last of their processes is gone, and removes groups that are in use when
 * they should go. One thread, so that nobody else waits for the kernel to take memory back.
 */
public final class Reaper implements GroupPool.Removals {

    private static final System.Logger LOG = System.getLogger(Reaper.class.getName());
    /** Memory that may still be charged to a group that is used again: more, and the next sandbox would miss it. */
    private static final long RESIDUE = 1 << 20;
    /** After this many milliseconds whatever is in the group of a killed sandbox is killed, wherever it came from. */
    private static final long KILL_AGAIN_AFTER = 2_000;
    /** After this many milliseconds a sandbox that does not die, or a group that does not go, is reported, once. */
    private static final long REPORT_AFTER = 10_000;
    /** How often groups in use, and sandboxes of whose end nobody told, are looked at again, in milliseconds. */
    private static final long RETRY_EVERY = 200;
    /** How often it is looked whether there is something of that kind, in milliseconds. */
    private static final long LOOK_EVERY = 1_000;

    private final boolean reuse;
    private final Runnable wardenGoesOn;
    /** Those whose process lives still, as far as the warden told. */
    private final Set<Case> awaited = ConcurrentHashMap.newKeySet();

    private final BlockingQueue<Case> queue = new LinkedBlockingQueue<>();

    // Of the thread alone.

    private final List<Case> dying = new ArrayList<>();
    private final List<Case> inUse = new ArrayList<>();
    /** Left the queue and is in neither list yet: a round that fails in between must not lose it. Null for none. */
    private Case inHand;

    private long lastRetry = System.nanoTime();

    private final Thread thread;
    private volatile boolean closing;

    /** Something to be done with. */
    private abstract static class Case {
        private final long since = System.nanoTime();
        private boolean reported;

        final long millis() {
            return (System.nanoTime() - since) / 1_000_000;
        }

        /** Tries; false if it is to be tried again. */
        abstract boolean done() throws IOException;

        /** Reports a delay, once. */
        final void reportOnce(String what) {
            if (!reported && millis() >= REPORT_AFTER) {
                reported = true;
                LOG.log(Level.WARNING, what);
            }
        }
    }

    /** A sandbox that was killed. */
    private final class Killed extends Case {
        private final SockSandbox sandbox;
        private boolean killedAgain;
        private boolean wardenAsked;

        Killed(SockSandbox sandbox) {
            this.sandbox = sandbox;
        }

        @Override
        boolean done() throws IOException {
            if (sandbox.isDying() && millis() < KILL_AGAIN_AFTER) {
                return false;
            }
            if (!wardenAsked && sandbox.isDying()) {
                wardenGoesOn.run(); // somebody may have stopped it
                wardenAsked = true;
            }
            SandboxGroup group = sandbox.group();
            if (!group.isEmpty()) {
                if (!killedAgain && millis() >= KILL_AGAIN_AFTER) {
                    sandbox.killAgain();
                    killedAgain = true;
                }
                reportOnce(sandbox + " was killed " + millis() + " ms ago and still has processes: "
                        + group.processes().replace('\n', ' '));
                return false;
            }
            boolean reusable = reuse && group.isReusable() && group.memoryBytes() < RESIDUE;
            if (reusable) {
                try {
                    group.thaw();
                } catch (IOException e) {
                    reusable = false;
                }
            }
            sandbox.release(reusable);
            return true;
        }
    }

    /** A group that was in use when it was to be removed. */
    private static final class Removal extends Case {
        private final String what;
        private final BooleanSupplier remove;

        Removal(String what, BooleanSupplier remove) {
            this.what = what;
            this.remove = remove;
        }

        @Override
        boolean done() {
            if (remove.getAsBoolean()) {
                return true;
            }
            reportOnce("cannot remove " + what + ", nor what belongs to it in other hierarchies: it has processes"
                    + " (cgroup.procs) or groups below it that are not the worker's. It is tried again until the worker"
                    + " stops, and by the next start");
            return false;
        }
    }

    /** Ends the waiting of the thread. */
    private static final class Wake extends Case {
        @Override
        boolean done() {
            return true;
        }
    }

    /**
     * Starts the thread.
     *
     * @param reuse whether empty groups may be used again
     * @param wardenGoesOn lets the warden go on, should somebody have stopped it
     */
    public Reaper(boolean reuse, Runnable wardenGoesOn) {
        this.reuse = reuse;
        this.wardenGoesOn = wardenGoesOn;
        thread = Rounds.start("sandbox-reaper", "cleaning up after sandboxes", this::round);
    }

    /**
     * Takes over a sandbox that was killed. Nothing is done before the warden tells of its end, or is late with that.
     */
    void reap(SockSandbox sandbox) {
        Killed killed = new Killed(sandbox);
        if (!sandbox.isDying()) {
            queue.add(killed);
            return;
        }
        awaited.add(killed);
        sandbox.ended().thenRun(() -> {
            if (awaited.remove(killed)) {
                queue.add(killed);
            }
        });
    }

    @Override
    public void later(String what, BooleanSupplier remove) {
        queue.add(new Removal(what, remove));
    }

    private boolean round() throws InterruptedException {
        try {
            if (closing && inHand == null && dying.isEmpty() && awaited.isEmpty() && queue.isEmpty()) {
                return false;
            }
            if (inHand == null) {
                inHand = await(dying.isEmpty(), inUse.isEmpty());
            }
            while (inHand != null) {
                (inHand instanceof Removal ? inUse : dying).add(inHand);
                inHand = null;
                inHand = queue.poll();
            }
            attempt(dying);
            if (System.nanoTime() - lastRetry >= RETRY_EVERY * 1_000_000) {
                attempt(inUse);
                takeLate();
                lastRetry = System.nanoTime();
            }
            return true;
        } catch (InterruptedException e) {
            LOG.log(
                    Level.WARNING,
                    dying.size() + awaited.size() + " sandboxes were not cleaned up; the next start does it");
            throw e;
        }
    }

    /** Those of whose end nobody told in time. */
    private void takeLate() {
        for (Case one : awaited) {
            if (one.millis() >= KILL_AGAIN_AFTER) {
                dying.add(one);
                if (!awaited.remove(one)) {
                    // Its end was told meanwhile, and it is in the queue.
                    dying.removeLast();
                }
            }
        }
    }

    /** Tries all, and takes those away that are done. One by one: none may be done twice because another one failed. */
    private static void attempt(List<Case> cases) {
        for (int i = 0; i < cases.size(); ) {
            if (done(cases.get(i))) {
                cases.remove(i);
            } else {
                i++;
            }
        }
    }

    private static boolean done(Case one) {
        try {
            return one.done();
        } catch (IOException e) {
            one.reportOnce("a sandbox cannot be cleaned up after, which is tried again: " + e.getMessage());
            return false;
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "something of a sandbox is left behind until the next start", e);
            return true;
        } catch (Error e) {
            // Most likely want of memory, which passes.
            one.reportOnce("a sandbox cannot be cleaned up after, which is tried again: " + e);
            return false;
        }
    }

    private Case await(boolean nothingDies, boolean nothingIsInUse) throws InterruptedException {
        boolean soon = !nothingIsInUse || !awaited.isEmpty();
        return queue.poll(!nothingDies ? 1 : soon ? RETRY_EVERY : LOOK_EVERY, TimeUnit.MILLISECONDS);
    }

    /** Finishes what dies, within some seconds. What is in use is left to whoever removes all groups. */
    public void stop() throws InterruptedException {
        closing = true;
        queue.add(new Wake());
        thread.join(10_000);
        thread.interrupt();
    }
}
