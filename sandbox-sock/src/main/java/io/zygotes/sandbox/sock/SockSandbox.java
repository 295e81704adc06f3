package io.zygotes.sandbox.sock;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What leaves, zygotes and jobs have in common: a process, its channel, its cgroups, and an end. */
abstract sealed class SockSandbox implements Sandbox permits SockLeaf, SockZygote, SockJob {

    static final ObjectMapper JSON = new ObjectMapper();

    /** How long to wait for word of a process's end after its channel was closed, in milliseconds. */
    private static final int OBITUARY_PATIENCE = 500;
    /** How long {@link #destroy} waits for the process's end, in milliseconds; it takes some, for a large one ten. */
    private static final int DEATH_PATIENCE = 2000;

    /** How much of what a sandbox says of its failure is passed on, in characters. */
    private static final int LONGEST_TEXT = 2000;

    /** The status of a process that SIGKILL ended. */
    private static final int KILLED = 128 + 9;

    private final String id;
    private final SockMechanism mechanism;
    private final SandboxGroup group;
    private final Channel channel;
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private volatile int pid;
    private int process = -1;
    private volatile Runnable endOfOutput = () -> {};
    private volatile boolean destroyed;
    private volatile boolean endedByItself;
    private volatile boolean outOfMemory;

    SockSandbox(String id, SockMechanism mechanism, SandboxGroup group, Channel channel) {
        this.id = id;
        this.mechanism = mechanism;
        this.group = group;
        this.channel = channel;
    }

    @Override
    public final String id() {
        return id;
    }

    final Channel channel() {
        return channel;
    }

    final SandboxGroup group() {
        return group;
    }

    final SockMechanism mechanism() {
        return mechanism;
    }

    /** The process as the worker sees it; 0 before it said hello. */
    final int pid() {
        return pid;
    }

    /** The process said hello, and is heard alone from now on. */
    final void born(int pid) throws IOException {
        synchronized (this) {
            process = Linux.process(pid);
        }
        this.pid = pid;
        channel.trust(pid);
    }

    /** What is to be done about its output when no process of it lives any more. */
    final void atEndOfOutput(Runnable action) {
        endOfOutput = action;
    }

    /** Whether killing its process kills all of it, because that is the first of a pid namespace. */
    abstract boolean isFirstOfItsNamespace();

    private synchronized void kill() {
        try {
            if (process >= 0 && isFirstOfItsNamespace()) {
                Linux.signal(process, Linux.SIGKILL);
                return;
            }
        } catch (LinuxException e) {
            cannotKill("by its process", e);
        }
        try {
            group.kill();
        } catch (LinuxException e) {
            // The undertaker tries again.
            cannotKill("by its group", e);
        }
    }

    private void cannotKill(String how, LinuxException e) {
        System.getLogger(SockSandbox.class.getName())
                .log(System.Logger.Level.WARNING, "cannot kill " + id + " " + how + " now: " + e.getMessage());
    }

    /** Lets it go on if somebody stopped it; to any other process that means nothing. */
    final synchronized void goOn() {
        try {
            if (process >= 0) {
                Linux.signal(process, Linux.SIGCONT);
            }
        } catch (LinuxException e) {
            System.getLogger(SockSandbox.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot let " + id + " go on: " + e.getMessage());
        }
    }

    /** Kills it once more, whatever became of its process. */
    final void killAgain() throws LinuxException {
        group.kill();
    }

    @Override
    public final boolean alive() {
        return !destroyed && !ended.isDone();
    }

    @Override
    public final long memoryBytes() {
        return ended.isDone() ? 0 : group.memoryBytes();
    }

    @Override
    public final void destroy() {
        try {
            finish();
        } finally {
            channel.close();
        }
        if (pid != 0) {
            try {
                // Whoever gets its memory next must not have it before it is free.
                ended.get(DEATH_PATIENCE, TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException e) {
                System.getLogger(SockSandbox.class.getName())
                        .log(System.Logger.Level.DEBUG, id + " is slow to die; it is cleaned up in the background");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Does something to its cgroups, unless they may be another sandbox's already. */
    final void onGroup(GroupAction action) throws IOException {
        synchronized (this) {
            if (!destroyed) {
                action.run(group);
            }
        }
    }

    /** Something to do to cgroups. */
    @FunctionalInterface
    interface GroupAction {
        void run(SandboxGroup group) throws IOException;
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
            mechanism.buried(this);
        }
    }

    /** Frees what it held; called once, when no process of it lives any more. */
    final void release(boolean reuseGroup) {
        synchronized (this) {
            if (process >= 0) {
                Linux.close(process);
                process = -1;
            }
        }
        endOfOutput.run();
        releaseOwn(reuseGroup);
    }

    /** Frees what this kind of sandbox held. */
    abstract void releaseOwn(boolean reuseGroup);

    /** The warden saw the end of the process. */
    final void end(int status) {
        endedByItself = !destroyed;
        if (endedByItself) {
            outOfMemory = group.ranOutOfMemory(); // before somebody else has the group, or it is gone
            if (status == KILLED) {
                group.wasKilled();
            }
        }
        if (!ended.complete(status) || !endedByItself) {
            return;
        }
        channel.otherSideGone(); // before somebody who is told destroys it
        if (!(this instanceof SockJob)) {
            mechanism.tell(new SandboxEvent(SandboxEvent.Kind.DIED, this));
        }
        finish();
    }

    /** Whether its process is known, and was not seen to end. */
    final boolean isDying() {
        return pid != 0 && !ended.isDone();
    }

    /** Completes with the exit status when the process has ended. */
    final CompletableFuture<Integer> ended() {
        return ended;
    }

    /** Whether the kernel ended its process, or another one of its own, for want of memory. */
    final boolean ranOutOfMemory() {
        return ended.isDone() ? outOfMemory : group.ranOutOfMemory();
    }

    /** How the process ended, if it does so within a moment. */
    private OptionalInt status() throws InterruptedException {
        try {
            return OptionalInt.of(ended.get(OBITUARY_PATIENCE, TimeUnit.MILLISECONDS));
        } catch (TimeoutException | ExecutionException e) {
            return OptionalInt.empty();
        }
    }

    /** The exception for a sandbox whose channel ended; destroys it. */
    final SandboxException obituary(String doing, boolean callStarted, IOException cause) throws InterruptedException {
        boolean wasDestroyed = destroyed && !endedByItself;
        OptionalInt status = cause instanceof MisbehavedException ? OptionalInt.empty() : status();
        boolean ranOutOfMemory = ranOutOfMemory();
        destroy();
        if (ranOutOfMemory) {
            return new SandboxException.OutOfMemory(
                    id + " ran out of memory " + doing + ": raise limits.mem_mb of the lambda or the worker");
        }
        String how = wasDestroyed
                ? "it was destroyed by the worker"
                : status.isEmpty()
                        ? String.valueOf(cause.getMessage())
                        : status.getAsInt() > 128
                                ? "it was ended by signal " + (status.getAsInt() - 128)
                                : "it exited with code " + status.getAsInt();
        return new SandboxException.Died(id + " ended " + doing + ": " + how, callStarted);
    }

    /** The exception for a FAILED frame; destroys the sandbox. */
    final SandboxException failure(Frame frame) {
        destroy();
        try {
            JsonNode report = JSON.readTree(frame.body());
            String step = printable(report.path("step").asText());
            String error = printable(report.path("error").asText());
            if (step.equals("import")) {
                return new SandboxException.ImportFailed(
                        "the import failed in " + id + ": " + error,
                        report.path("traceback").asText());
            }
            if (step.equals("fork")) {
                return RefusedException.forFork(id, error, report.path("errno").asInt());
            }
            return new SandboxException(id + " could not be set up, at step '" + step + "': " + error);
        } catch (IOException e) {
            return new SandboxException(id + " could not be set up, and said something unreadable", e);
        }
    }

    /** Short and without control characters: it ends up in logs, where a sandbox must not write lines of its own. */
    private static String printable(String text) {
        if (text.length() > LONGEST_TEXT) {
            return printable(text.substring(0, LONGEST_TEXT)) + "… (" + text.length() + " characters)";
        }
        return text.codePoints()
                .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** The exception for a wait that took too long; destroys the sandbox. */
    final SandboxException timeout(String doing) {
        destroy();
        return new SandboxException.TimedOut(id + " was still " + doing + " when its time was over");
    }

    @Override
    public final String toString() {
        return id;
    }
}
