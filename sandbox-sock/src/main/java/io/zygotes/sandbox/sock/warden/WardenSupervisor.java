package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.Signal;
import io.zygotes.sandbox.sock.protocol.UnaskedFiles;
import io.zygotes.sandbox.sock.resource.OutputPump;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;

/**
 * Sees to it that there is a warden, starts another one when it died, and tells sandboxes of their end. Safe for use by
 * many threads.
 */
public final class WardenSupervisor implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(WardenSupervisor.class.getName());
    /** What the warden prints stands under this name. */
    private static final String LABEL = "warden";

    private final WardenPlan plan;
    private final CgroupTree cgroups;
    private final OutputPump pump;
    private final MechanismContext.OutputSink output;
    /** Who is to be told of a process's end, by its id. */
    private final Map<Integer, IntConsumer> living = new ConcurrentHashMap<>();

    private final Disposal disposal = new Disposal(this::living);

    private volatile Warden warden;
    private boolean closed;

    /** Starts none yet. */
    public WardenSupervisor(WardenPlan plan, CgroupTree cgroups, OutputPump pump, MechanismContext.OutputSink output) {
        this.plan = plan;
        this.cgroups = cgroups;
        this.pump = pump;
        this.output = output;
    }

    /**
     * The warden; starts another one if it died, after all sandboxes died with it.
     *
     * @throws SandboxException if it cannot be started, or the worker is stopping
     */
    public synchronized Warden warden() throws SandboxException, InterruptedException {
        if (closed) {
            throw new SandboxException("the worker is stopping");
        }
        if (warden != null && !warden.gone().isDone()) {
            return warden;
        }
        if (warden != null) {
            warden.close(); // waits for the last of its sandboxes, and lets the kernel forget it
            warden = null; // its process id may be another's from now on
        }
        try {
            warden = start();
        } catch (IOException | TimeoutException e) {
            throw notStarted(e);
        }
        warden.gone().thenRun(this::wardenGone);
        return warden;
    }

    private Warden start() throws IOException, TimeoutException, InterruptedException {
        Pipe pipe = Pipe.open();
        try {
            pump.lines(pipe.reading(), line -> output.line(LABEL, LABEL, line));
            return Warden.start(plan, cgroups, pipe.writing(), this::processEnded);
        } finally {
            pipe.writing().close();
        }
    }

    private static SandboxException notStarted(Exception e) {
        String what = "the warden did not start: " + e.getMessage();
        FailureKind kind = Shortage.kind(e);
        if (kind == FailureKind.NO_PROCESSES) {
            return new SandboxException.NoCapacity(
                    kind,
                    what + ". The worker may have no more processes and threads: try again later, or raise"
                            + " pids.max of its cgroup (TasksMax in its service's unit) or 'ulimit -Hu'",
                    e);
        }
        return new SandboxException(kind, what + Shortage.advice(e), e);
    }

    /** Closes open files that sandboxes sent and nobody asked for. */
    public UnaskedFiles unaskedFiles() {
        return disposal;
    }

    private Optional<Warden> living() {
        return Optional.ofNullable(warden).filter(last -> !last.gone().isDone());
    }

    /** Lets the warden go on if somebody stopped it. */
    public void goOn() {
        Warden current = warden;
        if (current != null) {
            current.goOn();
        }
    }

    /** The warden's process; 0 if there is none. */
    public int pid() {
        Warden current = warden;
        return current == null ? 0 : current.pid();
    }

    /**
     * Somebody lives from now on.
     *
     * @param pid a process below the warden
     * @param end is called once, with the exit status, when the process has ended
     */
    public void watch(int pid, IntConsumer end) {
        living.put(pid, end);
    }

    private void processEnded(int pid, int status) {
        IntConsumer end = living.remove(pid);
        if (end != null) {
            end.accept(status);
        }
    }

    private void wardenGone() {
        for (int process : living.keySet()) {
            try {
                processEnded(process, Signal.KILL.exitStatus());
            } catch (RuntimeException | Error e) {
                // The others must hear of their ends all the same.
                Rounds.tell("the end of process " + process + " is told late", e);
            }
        }
        synchronized (this) {
            if (!closed) {
                LOG.log(Level.ERROR, "the warden died, and all sandboxes with it; the next request starts it again");
            }
        }
    }

    /** Ends the warden, and with it every sandbox; returns when all are told. None is started any more. */
    @Override
    public void close() {
        Warden last;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            last = warden;
        }
        if (last != null) {
            last.close();
            last.gone().join();
        }
    }
}
