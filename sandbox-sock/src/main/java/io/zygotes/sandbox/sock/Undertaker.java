package io.zygotes.sandbox.sock;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Frees what killed sandboxes held, once the last of their processes is gone. One thread, so that nobody else waits
 * for the kernel to take memory back.
 */
final class Undertaker {

    private static final System.Logger LOG = System.getLogger(Undertaker.class.getName());
    /** Memory that may still be charged to a group that is used again: more, and the next sandbox would miss it. */
    private static final long RESIDUE = 1 << 20;
    /** After this many milliseconds a sandbox that does not die is reported, once. */
    private static final long REPORT_AFTER = 10_000;

    private final boolean reuse;
    private final BlockingQueue<Case> queue = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closing;

    private record Case(SockSandbox sandbox, long since, boolean reported) {}

    /** @param reuse whether empty groups may be used again */
    Undertaker(boolean reuse) {
        this.reuse = reuse;
        thread = Thread.ofPlatform().daemon().name("sandbox-undertaker").start(this::work);
    }

    /** Takes over a sandbox that was killed. */
    void bury(SockSandbox sandbox) {
        queue.add(new Case(sandbox, System.nanoTime(), false));
    }

    private void work() {
        List<Case> waiting = new ArrayList<>();
        try {
            while (!closing || !waiting.isEmpty() || !queue.isEmpty()) {
                Case next = waiting.isEmpty() ? queue.poll(200, TimeUnit.MILLISECONDS) : queue.poll(1, TimeUnit.MILLISECONDS);
                if (next != null) {
                    waiting.add(next);
                    queue.drainTo(waiting);
                }
                List<Case> still = new ArrayList<>();
                for (Case one : waiting) {
                    if (!buried(one.sandbox())) {
                        still.add(report(one));
                    }
                }
                waiting = still;
            }
        } catch (InterruptedException e) {
            LOG.log(Level.WARNING, waiting.size() + " sandboxes were not cleaned up; the next start does it");
        }
    }

    private Case report(Case one) {
        long millis = (System.nanoTime() - one.since()) / 1_000_000;
        if (one.reported() || millis < REPORT_AFTER) {
            return one;
        }
        one.sandbox().killAgain();
        LOG.log(Level.WARNING, one.sandbox() + " was killed " + millis + " ms ago and still has processes: "
                + CgroupLayout.processes(one.sandbox().group().path()).replace('\n', ' '));
        return new Case(one.sandbox(), one.since(), true);
    }

    private boolean buried(SockSandbox sandbox) {
        SandboxGroup group = sandbox.group();
        if (!group.isEmpty()) {
            return false;
        }
        boolean reusable = reuse && group.isReusable() && group.memoryBytes() < RESIDUE;
        if (reusable) {
            try {
                group.freeze(false);
            } catch (IOException e) {
                reusable = false;
            }
        }
        sandbox.release(reusable);
        return true;
    }

    /** Finishes what is queued, within some seconds. */
    void stop() throws InterruptedException {
        closing = true;
        thread.join(10_000);
        thread.interrupt();
    }
}
