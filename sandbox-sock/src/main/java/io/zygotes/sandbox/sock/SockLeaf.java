package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeoutException;

/** A leaf: one process that serves calls over its channel. */
final class SockLeaf extends SockSandbox implements Leaf {

    /** A body up to this size goes out before the leaf is ready: it fits into the socket's buffer. */
    private static final int SMALL = 1 << 16;

    /** What a leaf says with {@link Frame#READY}: two numbers of 8 bytes. */
    private static final int READY_BYTES = 16;

    /** The statuses of a reply: see {@link Reply}. A status such as 101 would mean something to the HTTP server. */
    private static final Set<Integer> STATUSES = Set.of(200, 400, 500);

    private final Runnable released;
    private final StepTimes times;
    private final GroupFamily family;
    private final SockZygote zygote;
    private volatile LeafSpec spec;
    /** What a spare was told of the limits that it sets itself; null if nothing. */
    private Limits told;

    private boolean ready;

    /**
     * A leaf that serves nobody yet.
     *
     * @param family where its group goes back to
     * @param zygote what it was forked from; null for a fresh one
     * @param released frees its ids
     */
    SockLeaf(
            String id,
            SockMechanism mechanism,
            GroupFamily family,
            SandboxGroup group,
            Channel channel,
            SockZygote zygote,
            StepTimes times,
            Runnable released) {
        super(id, mechanism, group, channel);
        this.family = family;
        this.zygote = zygote;
        this.times = times;
        this.released = released;
    }

    /** As a spare it was told the limits of this kind that it sets itself. */
    void toldLimits(Limits limits) {
        told = limits;
    }

    /** Whether it needs not be told the limits that it sets itself. */
    boolean knows(Limits limits) {
        return told != null && told.openFiles() == limits.openFiles() && told.tmpMb() == limits.tmpMb();
    }

    /** From now on it serves this lambda. */
    void specialise(LeafSpec wanted) {
        spec = wanted;
    }

    boolean isSpare() {
        return spec == null;
    }

    SockZygote zygote() {
        return zygote;
    }

    /** The lambda's name, for people. */
    String label() {
        return spec == null ? "spare" : spec.lambda();
    }

    StepTimes times() {
        return times;
    }

    @Override
    public LeafSpec spec() {
        return spec;
    }

    @Override
    public Reply call(Invocation invocation, Duration timeout) throws SandboxException, InterruptedException {
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
            // Sent before it is ready, so that it need not wait for us in between: it says both together then.
            channel().send(Frame.encode(Frame.CALL, invocation.body()), deadline);
            sent = true; // a part of it would not have been run
            if (!ready) {
                receiveReady(deadline);
            }
            Frame frame = channel().receive(deadline);
            if (frame.kind() != Frame.REPLY || frame.body().length < 2) {
                throw new MisbehavedException("it sent a message of kind " + frame.kind() + " instead of an answer");
            }
            int status = (frame.body()[0] & 0xff) << 8 | frame.body()[1] & 0xff;
            if (!STATUSES.contains(status)) {
                throw new MisbehavedException("it answered with status " + status + ", which is none of " + STATUSES);
            }
            if (status >= 500 && group().ranOutOfMemory()) {
                // A child of it was the victim: the lambda saw only a broken process.
                destroy();
                throw new SandboxException.OutOfMemory(
                        "a process of " + id() + " ran out of memory: raise limits.mem_mb of lambda " + spec.lambda());
            }
            return new Reply(status, Arrays.copyOfRange(frame.body(), 2, frame.body().length));
        } catch (TimeoutException e) {
            throw timeout(doing(sent && !channel().isUnread()));
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException e) {
            // So unix(7) sockets tell that something was not read when the other end went: f was not called.
            boolean unread = e instanceof LinuxException failed && failed.errno() == LinuxException.ECONNRESET;
            throw gone(sent && !unread, e);
        }
    }

    /** The exception for a leaf that is gone; it may have said why before anybody listened. */
    private SandboxException gone(boolean called, IOException cause) throws InterruptedException {
        Optional<Frame> said = ready ? Optional.empty() : channel().lastWords();
        return said.isPresent() && said.get().kind() == Frame.FAILED
                ? failure(said.get())
                : obituary(doing(called), called, cause);
    }

    /** It reads a call only when {@code f.py} is imported. */
    private String doing(boolean called) {
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
            throw timeout(doing(false));
        } catch (InterruptedException e) {
            destroy();
            throw e;
        } catch (IOException e) {
            throw gone(false, e);
        }
    }

    private void receiveReady(long deadline)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        if (zygote != null) {
            // Now, because this thread will wait for the leaf: there is a processor for it.
            zygote.kits().replenish(spec.limits());
        }
        Frame frame = channel().receive(deadline);
        if (frame.kind() == Frame.FAILED) {
            throw failure(frame);
        }
        if (frame.kind() != Frame.READY || frame.body().length != READY_BYTES) {
            throw new MisbehavedException("it sent a message of kind " + frame.kind() + " and " + frame.body().length
                    + " bytes instead of being ready");
        }
        ByteBuffer said = ByteBuffer.wrap(frame.body());
        long imported = said.getLong();
        times.step("import and ready", said.getLong());
        times.add("of that, import of f.py", Math.max(0, imported));
        ready = true;
    }

    @Override
    public void freeze() {
        freeze(true);
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
                        "cannot " + (on ? "freeze " : "thaw ") + id() + ": " + e.getMessage(), e);
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
                        return privateBytes(Linux.readFile("/proc/" + pid + "/smaps_rollup"));
                    } catch (LinuxException e) {
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
    public Map<String, Long> creationNanos() {
        return times.snapshot();
    }

    @Override
    boolean isFirstOfItsNamespace() {
        return true;
    }

    @Override
    void releaseOwn(boolean reuseGroup) {
        family.giveBack(group(), reuseGroup);
        released.run();
    }
}
