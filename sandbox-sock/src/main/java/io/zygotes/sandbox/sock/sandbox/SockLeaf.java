package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.cgroup.GroupPool;
import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.protocol.Answer;
import io.zygotes.sandbox.sock.protocol.Call;
import io.zygotes.sandbox.sock.protocol.Channel;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.LeafReady;
import io.zygotes.sandbox.sock.protocol.MisbehavedException;
import io.zygotes.sandbox.sock.protocol.ProcessLimits;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.protocol.Response;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.spi.CreationSteps;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Reply;
import io.zygotes.spi.ReplyStream;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A leaf: one process that serves calls over its channel. */
public final class SockLeaf extends SockSandbox implements Leaf {

    /** A body up to this size goes out before the leaf is ready: it fits into the socket's buffer. */
    private static final int SMALL = 1 << 16;
    /** How long what a function registered to be run after its restore may take, as in AWS Lambda SnapStart. */
    private static final long RESTORE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Runnable released;
    private final StepTimes times;
    private final GroupPool pool;
    private final Optional<SockZygote> zygote;
    /** Of the limits that it sets itself, those that it was told as a spare. */
    private final Optional<ProcessLimits> told;

    private volatile LeafSpec spec;
    private boolean ready;
    private boolean answered;
    private volatile List<String> loaded = List.of();

    /**
     * A leaf that has no process yet, and serves nobody.
     *
     * @param pool where its group goes back to
     * @param zygote what it is forked from; empty for a fresh one
     * @param told of the limits that it sets itself, those that it is told as a spare; empty for one that is none
     * @param times goes on with how long its making takes
     * @param released frees its ids
     */
    public SockLeaf(
            Belongings belongings,
            GroupPool pool,
            Optional<SockZygote> zygote,
            Optional<ProcessLimits> told,
            StepTimes times,
            Runnable released) {
        super(belongings);
        this.pool = pool;
        this.zygote = zygote;
        this.told = told;
        this.times = times;
        this.released = released;
    }

    /** Whether it needs not be told the limits that it sets itself. */
    public boolean knows(Limits limits) {
        return told.isPresent() && told.get().equals(ProcessLimits.of(limits));
    }

    /** From now on it serves this lambda. */
    public void specialise(LeafSpec wanted) {
        spec = wanted;
    }

    /** Whether it serves nobody yet. */
    public boolean isSpare() {
        return spec == null;
    }

    /** What it was forked from; empty for a fresh one. */
    public Optional<SockZygote> zygote() {
        return zygote;
    }

    /** The lambda's name, for people. */
    public String label() {
        return spec == null ? "spare" : spec.lambda();
    }

    /** How long its making takes. */
    public StepTimes times() {
        return times;
    }

    @Override
    public LeafSpec spec() {
        return spec;
    }

    @Override
    public Reply call(Invocation invocation, Duration timeout) throws SandboxException, InterruptedException {
        WholeReply whole = new WholeReply();
        return whole.of(call(invocation, timeout, whole));
    }

    @Override
    public Reply call(Invocation invocation, Duration timeout, ReplyStream stream)
            throws SandboxException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        if (invocation.body().length > SMALL) {
            awaitReady(timeout);
        }
        boolean sent = false;
        try (Channel.Use _ = channel().use()) {
            if (ready && channel().hasUnread()) {
                // Else it would be taken for the answer to this call, and this one's answer for that to the next.
                throw new MisbehavedException("it spoke without being asked");
            }
            resumeOutput();
            // Sent before it is ready, so that it need not wait for us in between: it says both together then.
            channel().send(Call.encode(invocation, deadline), deadline);
            sent = true; // a part of it would not have been run
            if (!ready) {
                receiveReady(deadline);
            }
            Reply reply = read(reply(deadline), deadline, stream);
            pauseOutput(); // the leaf passes on what does not end a line when it has answered
            if (reply.status() == Protocol.STATUS_ERROR && group().ranOutOfMemory()) {
                // A child of it was the victim: the lambda saw only a broken process.
                String used = group().memoryUse();
                destroy();
                throw new SandboxException.OutOfMemory("a process of " + id() + " ran out of memory: " + used
                        + ", files in /tmp included; raise limits.mem_mb of lambda " + spec.lambda());
            }
            return reply;
        } catch (TimeoutException e) {
            throw late(sent && !channel().isUnread(), timeout);
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException e) {
            // So unix(7) sockets tell that something was not read when the other end went: f was not called.
            boolean unread = e instanceof LinuxException failed && failed.errno() == Errno.ECONNRESET;
            throw gone(sent && !unread, e);
        }
    }

    private Reply read(Frame frame, long deadline, ReplyStream stream)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        if (frame.isBegin()) {
            return new StreamedReply(channel(), deadline, stream).pass(frame);
        }
        if (frame.isResponse()) {
            return Response.read(frame);
        }
        Answer answer = Answer.read(frame);
        return new Reply(answer.status(), answer.body());
    }

    /** The answer to a call. Before the first one it may say what it loaded for it. */
    private Frame reply(long deadline) throws IOException, TimeoutException, InterruptedException {
        Frame frame = channel().receive(deadline);
        if (!answered && frame.isLoaded()) {
            // A fresh one loads all of its packages by itself, which says nothing of what a zygote lacks.
            loaded = zygote.isPresent() ? frame.loaded() : List.of();
            frame = channel().receive(deadline);
        }
        answered = true;
        return frame;
    }

    @Override
    public List<String> loadedModules() {
        return loaded;
    }

    /** The exception for a leaf that is gone; it may have said why before anybody listened. */
    private SandboxException gone(boolean called, IOException cause) throws InterruptedException {
        Optional<Frame> said = ready ? Optional.empty() : channel().lastWords();
        return said.isPresent() && said.get().isFailure()
                ? failure(said.get())
                : obituary(doing(called), called, cause);
    }

    private SandboxException late(boolean called, Duration timeout) {
        boolean restoring = !called && !ready && restores();
        return restoring ? timeout(doing(called)) : timeout(doing(called), timeout);
    }

    /** It reads a call only when {@code f.py} is imported. */
    private String doing(boolean called) {
        if (!called && !ready && restores()) {
            return "running what lambda " + spec.lambda() + " registered for after its restore, for which it has "
                    + TimeUnit.NANOSECONDS.toSeconds(RESTORE_NANOS) + " s at the most";
        }
        return (called || ready ? "running" : "importing f.py of") + " lambda " + spec.lambda();
    }

    @Override
    public void awaitReady(Duration timeout) throws SandboxException, InterruptedException {
        if (ready) {
            return;
        }
        try {
            receiveReady(System.nanoTime() + timeout.toNanos());
        } catch (TimeoutException e) {
            throw late(false, timeout);
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException e) {
            throw gone(false, e);
        }
    }

    private static long sooner(long deadline) {
        long now = System.nanoTime();
        return now + Math.min(deadline - now, RESTORE_NANOS);
    }

    private boolean restores() {
        return zygote.isPresent() && zygote.get().restores();
    }

    private void receiveReady(long deadline)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        // Now, because this thread will wait for the leaf: there is a processor for it.
        zygote.ifPresent(parent -> parent.kits().replenish(spec.limits()));
        Frame frame = channel().receive(restores() ? sooner(deadline) : deadline);
        if (frame.isFailure()) {
            throw failure(frame);
        }
        LeafReady said = LeafReady.read(frame);
        times.step(CreationStep.IMPORT, said.agoNanos(), CreationStep.IMPORT_F, said.importNanos());
        ready = true;
    }

    @Override
    public void freeze() {
        freeze(true);
        pauseOutput();
    }

    @Override
    public void thaw() {
        freeze(false);
    }

    private void freeze(boolean on) {
        try {
            onGroup(group -> group.freeze(on));
        } catch (IOException e) {
            if (alive()) {
                throw new IllegalStateException(
                        "cannot " + (on ? "freeze " : "thaw ") + id() + ": " + e.getMessage() + Shortage.advice(e), e);
            }
        }
    }

    @Override
    public long privateBytes() {
        String pids;
        try {
            pids = group().processes();
        } catch (IOException e) {
            return 0;
        }
        return pids.lines()
                .mapToLong(pid -> {
                    try {
                        return privateBytes(FileIo.readFile("/proc/" + pid + "/smaps_rollup"));
                    } catch (IOException e) {
                        return 0; // it ended in between
                    }
                })
                .sum();
    }

    /** Sum of the private lines of a file in the format of proc_pid_smaps(5). */
    static long privateBytes(String smaps) {
        return smaps.lines()
                .filter(line -> line.startsWith("Private_"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1, line.indexOf("kB"))
                                .strip())
                        << 10)
                .sum();
    }

    @Override
    public CreationSteps creation() {
        return times.written();
    }

    @Override
    boolean isFirstOfItsNamespace() {
        return true;
    }

    @Override
    void releaseOwn(boolean reuseGroup) {
        pool.giveBack(group(), reuseGroup);
        released.run();
    }
}
