package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.linux.Signal;
import io.zygotes.sandbox.sock.protocol.Channel;
import io.zygotes.sandbox.sock.protocol.FailureReport;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.MisbehavedException;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** What leaves, zygotes and jobs have in common: a process, its channel, its cgroups, and an end. */
public abstract sealed class SockSandbox implements Sandbox permits SockLeaf, SockZygote, SockJob {

    private static final System.Logger LOG = System.getLogger(SockSandbox.class.getName());
    /** How long to wait for word of a process's end after its channel was closed, in milliseconds. */
    private static final int OBITUARY_PATIENCE = 2_000;
    /** How long {@link #destroy} waits for the process's end, in milliseconds; it takes some, for a large one ten. */
    private static final int DEATH_PATIENCE = 2000;

    private final Belongings belongings;
    private final FirstProcess process = new FirstProcess();
    private volatile Runnable endOfOutput = () -> {};
    private volatile Runnable pauseOfOutput = () -> {};
    private volatile Runnable resumeOfOutput = () -> {};
    private volatile Runnable release = () -> {};
    private volatile boolean destroyed;
    private volatile boolean endedByItself;
    private volatile boolean outOfMemory;
    /** What it had used then, for people. */
    private volatile String memoryUse = "";

    SockSandbox(Belongings belongings) {
        this.belongings = belongings;
    }

    @Override
    public final String id() {
        return belongings.id();
    }

    /** The worker's end of its channel. */
    public final Channel channel() {
        return belongings.channel();
    }

    /** Its cgroups. */
    public final SandboxGroup group() {
        return belongings.group();
    }

    /** The process as the worker sees it; 0 before it said hello. */
    public final int pid() {
        return process.pid();
    }

    /** The process said hello, and is heard alone from now on. */
    public final void born(int pid) throws IOException {
        process.born(pid);
        channel().trust(pid);
    }

    /** What is to be done about its output when it has nothing to say for a while, and when it may have again. */
    public final void atPauseOfOutput(Runnable pause, Runnable resume) {
        pauseOfOutput = pause;
        resumeOfOutput = resume;
    }

    /** What it printed is handed on, though it does not end a line. */
    final void pauseOutput() {
        pauseOfOutput.run();
    }

    /** What it prints from now on may be the parts of a line. */
    final void resumeOutput() {
        resumeOfOutput.run();
    }

    /** What is to be done about its output when no process of it lives any more. */
    public final void atEndOfOutput(Runnable action) {
        endOfOutput = action;
    }

    /** What is to be done when no process of it lives any more, and before its group is somebody else's. */
    public final void atRelease(Runnable action) {
        release = action;
    }

    /** Whether killing its process kills all of it, because that is the first of a pid namespace. */
    abstract boolean isFirstOfItsNamespace();

    private void kill() {
        try {
            if (isFirstOfItsNamespace() && process.signal(Signal.KILL)) {
                return;
            }
        } catch (IOException e) {
            cannotKill("by its process", e);
        }
        try {
            group().kill();
        } catch (IOException e) {
            // The reaper tries again.
            cannotKill("by its group", e);
        }
    }

    private void cannotKill(String how, IOException e) {
        LOG.log(Level.WARNING, "cannot kill " + id() + " " + how + " now: " + e.getMessage());
    }

    /** Lets it go on if somebody stopped it; to any other process that means nothing. */
    public final void goOn() {
        try {
            process.signal(Signal.CONTINUE);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot let " + id() + " go on: " + e.getMessage());
        }
    }

    /** Kills it once more, whatever became of its process. */
    final void killAgain() throws IOException {
        group().kill();
    }

    @Override
    public final boolean alive() {
        return !destroyed && !ended().isDone();
    }

    @Override
    public final long memoryBytes() {
        return ended().isDone() ? 0 : group().memoryBytes();
    }

    @Override
    public final void destroy() {
        try {
            finish();
        } finally {
            channel().close();
        }
        if (pid() != 0) {
            try {
                // Whoever gets its memory next must not have it before it is free.
                if (process.status(DEATH_PATIENCE).isEmpty()) {
                    LOG.log(Level.DEBUG, id() + " is slow to die; it is cleaned up in the background");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Does something to its cgroups, unless they may be another sandbox's already. */
    final void onGroup(GroupAction action) throws IOException {
        synchronized (this) {
            if (!destroyed) {
                action.run(group());
            }
        }
    }

    /**
     * As {@link #group}, for what must not happen to the sandbox that has the cgroups next.
     *
     * @throws IOException if this one has ended
     */
    public final void onOwnGroup(GroupAction action) throws IOException {
        synchronized (this) {
            if (destroyed) {
                throw new IOException(id() + " has ended");
            }
            action.run(group());
        }
    }

    /** Something to do to cgroups. */
    @FunctionalInterface
    public interface GroupAction {
        /** @param group that of the sandbox, as long as this takes */
        void run(SandboxGroup group) throws IOException;
    }

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#limitMemory}. */
    public final long limitMemory(long bytes) {
        long[] inForce = {bytes};
        try {
            onGroup(group -> inForce[0] = group.limitMemory(bytes));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot limit the memory of " + id() + ": " + e.getMessage());
            return Math.max(bytes, group().memoryLimit());
        }
        return inForce[0];
    }

    /** Kills what is left of it and has its things freed. */
    private void finish() {
        synchronized (this) {
            if (destroyed) {
                return;
            }
            destroyed = true;
        }
        try {
            kill();
        } finally {
            belongings.reaper().reap(this);
        }
    }

    /** Frees what it held; called once, when no process of it lives any more. */
    final void release(boolean reuseGroup) {
        process.forget();
        endOfOutput.run();
        release.run();
        releaseOwn(reuseGroup);
    }

    /** Frees what this kind of sandbox held. */
    abstract void releaseOwn(boolean reuseGroup);

    /** The warden saw the end of the process. */
    public final void end(int status) {
        endedByItself = !destroyed;
        if (endedByItself) {
            // Before somebody else has the group, or it is gone.
            memoryUse = group().ranOutOfMemory() ? group().memoryUse() : "";
            outOfMemory = !memoryUse.isEmpty();
            if (status == Signal.KILL.exitStatus()) {
                group().wasKilled();
            }
        }
        if (!ended().complete(status) || !endedByItself) {
            return;
        }
        channel().otherSideGone(); // before somebody who is told destroys it
        belongings.events().accept(new SandboxEvent(SandboxEvent.Kind.DIED, this));
        finish();
    }

    /** Whether its process is known, and was not seen to end. */
    final boolean isDying() {
        return pid() != 0 && !ended().isDone();
    }

    /** Completes with the exit status when the process has ended. */
    public final CompletableFuture<Integer> ended() {
        return process.ended();
    }

    /** Whether the kernel ended its process, or another one of its own, for want of memory. */
    public final boolean ranOutOfMemory() {
        return ended().isDone() ? outOfMemory : group().ranOutOfMemory();
    }

    /** What it had used when it ran out of memory, for people. */
    final String memoryUse() {
        return memoryUse.isEmpty() ? group().memoryUse() : memoryUse;
    }

    /** Whether its process has ended, and nobody here had it end. */
    final boolean endedByItself() {
        return endedByItself;
    }

    /** The exception for a sandbox whose channel ended; destroys it. */
    public final SandboxException obituary(String doing, boolean callStarted, IOException cause)
            throws InterruptedException {
        boolean wasDestroyed = destroyed && !endedByItself;
        OptionalInt status =
                cause instanceof MisbehavedException ? OptionalInt.empty() : process.status(OBITUARY_PATIENCE);
        boolean ranOutOfMemory = ranOutOfMemory();
        String used = ranOutOfMemory ? memoryUse() : "";
        destroy();
        if (ranOutOfMemory) {
            return new SandboxException.OutOfMemory(id() + " ran out of memory " + doing + ": " + used
                    + ", files in /tmp included; raise limits.mem_mb of the lambda or the worker");
        }
        String how = SandboxFailure.end(wasDestroyed, status, cause.getMessage() + Shortage.advice(cause));
        return new SandboxException.Died(id() + " ended " + doing + ": " + how, callStarted);
    }

    /** The exception for a frame that says why there will be no sandbox; destroys it. */
    public final SandboxException failure(Frame frame) {
        destroy();
        try {
            return SandboxFailure.reported(id(), FailureReport.read(frame));
        } catch (IOException e) {
            return new SandboxException(id() + " could not be set up, and said something unreadable", e);
        }
    }

    /** The exception for a wait that took too long; destroys the sandbox. */
    public final SandboxException timeout(String doing) {
        destroy();
        return new SandboxException.TimedOut(id() + " was still " + doing + " when its time was over");
    }

    /**
     * As {@link #timeout(String)}, for a wait that {@code limits.runtime_sec} bounds.
     *
     * @param most how long it might take
     */
    final SandboxException timeout(String doing, Duration most) {
        destroy();
        String seconds =
                BigDecimal.valueOf(most.toMillis(), 3).stripTrailingZeros().toPlainString();
        return new SandboxException.TimedOut(id() + " was still " + doing + " when its time was over, after " + seconds
                + " s: raise limits.runtime_sec of the lambda or the worker");
    }

    @Override
    public final String toString() {
        return id();
    }
}
