package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.identity.HostIds;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Processes;
import io.zygotes.sandbox.sock.linux.Signal;
import io.zygotes.sandbox.sock.linux.SocketPair;
import io.zygotes.sandbox.sock.linux.Sockets;
import io.zygotes.sandbox.sock.protocol.IdMap;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.protocol.WardenChannel;
import io.zygotes.sandbox.sock.protocol.WardenInstructions;
import io.zygotes.sandbox.sock.protocol.WardenMessage;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The worker's side of one warden process: starts it, gives it work, and hears from it which processes ended.
 *
 * <p>The socket to it is also the lifeline: when this process ends, however it does, the warden sees the end of the
 * stream and exits, and the kernel kills everything in its pid namespace. A stopped one sees nothing: it is killed when
 * the thread ends that started it (PR_SET_PDEATHSIG), which is the one that listens to it.
 */
public final class Warden implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Warden.class.getName());

    /** How long the warden may take for anything, in seconds. */
    private static final int PATIENCE = 20;
    /** Room in the socket to it, in bytes: for the base root, and for requests of many threads at once. */
    private static final int BUFFER = 1 << 19;

    private static final String LANGUAGE = "LANG=C.UTF-8";

    /** Told about every process below the warden that ended. */
    interface Obituary {
        /**
         * @param pid the process, as the worker sees it
         * @param status its exit code; 128 + n if signal n ended it
         */
        void ended(int pid, int status);
    }

    private final WardenChannel channel;
    private final EtcFolder settings;
    private final Obituary obituary;
    private final PendingRequests pending = new PendingRequests();
    private final CompletableFuture<Integer> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    /** The process that makes it, and ends before it serves. */
    private int booting;

    private volatile int pid;

    private Warden(WardenChannel channel, EtcFolder settings, Obituary obituary) {
        this.channel = channel;
        this.settings = settings;
        this.obituary = obituary;
    }

    /**
     * Starts the warden and waits until it can make sandboxes.
     *
     * @param output what its standard output and error become
     * @throws IOException if it cannot be started, or says why it cannot serve
     * @throws TimeoutException if it does not serve in time
     */
    static Warden start(WardenPlan plan, CgroupTree cgroups, Descriptor output, Obituary obituary)
            throws IOException, TimeoutException, InterruptedException {
        Files.createDirectories(plan.mountPoint());
        try (Descriptor group = FileIo.openToRead(cgroups.makeWardenGroup().toString())) {
            EtcFolder settings = EtcFolder.make(plan.settings());
            SocketPair sockets;
            try {
                sockets = Sockets.pair(Sockets.Type.SEQPACKET);
            } catch (IOException | RuntimeException | Error e) {
                settings.close();
                throw e;
            }
            Warden warden = new Warden(new WardenChannel(sockets.ours()), settings, obituary);
            boolean started = false;
            try {
                warden.spawn(plan, output, sockets);
                warden.boot(plan, cgroups, group);
                Processes.waitFor(warden.booting);
                settings.follow();
                started = true;
                return warden;
            } finally {
                if (!started) {
                    settings.close();
                    warden.channel.close();
                    end(warden.booting);
                }
            }
        }
    }

    private static void end(int process) {
        if (process == 0) {
            return;
        }
        try {
            // It ends by itself; a frozen or stopped one would not.
            Processes.kill(process, Signal.KILL);
            Processes.waitFor(process);
        } catch (LinuxException e) {
            LOG.log(Level.WARNING, "the warden was gone already: " + e.getMessage());
        }
    }

    /** Starts its process on the thread that will listen to it. */
    private void spawn(WardenPlan plan, Descriptor output, SocketPair sockets) throws IOException {
        List<String> command = List.of(
                plan.interpreterOnHost(),
                "-I",
                "-S",
                "-B",
                "-c",
                Protocol.WARDEN_PROGRAM,
                plan.python().folder().toString());
        List<String> environment = plan.tuning().isEmpty()
                ? List.of(LANGUAGE)
                : List.of(LANGUAGE, Protocol.TUNING_VARIABLE + "=" + plan.tuning());
        CompletableFuture<Integer> spawned = new CompletableFuture<>();
        try (Descriptor theirs = sockets.theirs();
                Descriptor nothing = FileIo.openToRead("/dev/null")) {
            Sockets.passCredentials(sockets.ours());
            Sockets.sendBuffer(sockets.ours(), BUFFER);
            Sockets.sendBuffer(theirs, BUFFER);
            Thread.ofPlatform().daemon().name("warden").start(() -> {
                try {
                    spawned.complete(Processes.spawn(command, environment, List.of(nothing, output, output, theirs)));
                } catch (IOException | RuntimeException | Error e) {
                    spawned.completeExceptionally(e);
                    return;
                }
                listen();
            });
            booting = spawned.join(); // whatever interrupts: the descriptors are in use
        } catch (CompletionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    private void boot(WardenPlan plan, CgroupTree cgroups, Descriptor group)
            throws IOException, TimeoutException, InterruptedException {
        WardenInstructions instructions = new WardenInstructions(
                plan.mountPoint().toString(),
                plan.baseRoot(),
                plan.python().executable(),
                cgroups.hostId(0),
                HostIds.OF_A_WORKER);
        channel.instruct(instructions, group, settings.mount(), deadline());
        try {
            pid = ready.get(PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    private static long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
    }

    private void listen() {
        String reason = "it ended";
        try {
            for (Optional<WardenMessage> next = channel.receive(); next.isPresent(); next = channel.receive()) {
                switch (next.get()) {
                    case WardenMessage.Ended ended -> obituary.ended(ended.pid(), ended.status());
                    case WardenMessage.Ready started -> ready.complete(started.pid());
                    case WardenMessage.Failed failed -> reason = failed.reason();
                    case WardenMessage.Done done -> pending.done(done);
                    case WardenMessage.Refused refused -> pending.refused(refused);
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            // Also for want of memory: the end of a sandbox that was told is not told again, but another warden starts
            // anew.
            reason = String.valueOf(e.getMessage());
        }
        IOException end = new IOException("the warden is gone: " + reason);
        gone.complete(null);
        ready.completeExceptionally(end);
        pending.failAll(end);
    }

    /**
     * Asks for a fresh sandbox.
     *
     * @return completes when it is done, exceptionally if it cannot be, with a {@link RefusedException} if the warden
     *     says why
     */
    public CompletableFuture<Void> spawn(LaunchRequest request)
            throws IOException, TimeoutException, InterruptedException {
        return ask(id -> channel.spawn(id, request, deadline()));
    }

    /**
     * Asks it to write the id maps of a zygote that was forked.
     *
     * @param process the zygote's, as the worker sees it
     * @param ids outside is as the parent zygote sees it
     * @return as {@link #spawn(LaunchRequest)}
     */
    public CompletableFuture<Void> map(int process, IdMap ids)
            throws IOException, TimeoutException, InterruptedException {
        return ask(id -> channel.map(id, process, ids, deadline()));
    }

    /**
     * Has open files closed by a process of its own.
     *
     * @param gate the reading end of a pipe, whose writing end is held open for as long as the files are open here
     * @return as {@link #spawn(LaunchRequest)}
     */
    CompletableFuture<Void> dispose(Descriptor gate, List<Descriptor> files)
            throws IOException, TimeoutException, InterruptedException {
        return ask(id -> channel.dispose(id, gate, files, deadline()));
    }

    private CompletableFuture<Void> ask(PendingRequests.Sending request)
            throws IOException, TimeoutException, InterruptedException {
        CompletableFuture<Void> answer = pending.ask(request);
        if (gone.isDone()) {
            answer.completeExceptionally(new IOException("the warden is gone"));
        }
        return answer;
    }

    /** The warden's process, as the worker sees it; 0 once it is gone. */
    public int pid() {
        return pid;
    }

    /** Completes when the warden process has ended, and everything below it with it. */
    CompletableFuture<Void> gone() {
        return gone;
    }

    /** Lets it go on if somebody stopped it (SIGSTOP); otherwise that means nothing. */
    synchronized void goOn() {
        try {
            if (pid != 0) {
                Processes.kill(pid, Signal.CONTINUE);
            }
        } catch (LinuxException e) {
            LOG.log(Level.WARNING, "cannot let the warden go on: " + e.getMessage());
        }
    }

    /** From now on its process id may be another's. */
    private synchronized int takePid() {
        int last = pid;
        pid = 0;
        return last;
    }

    /** Ends the warden, and with it every sandbox. */
    @Override
    public void close() {
        settings.close();
        channel.close();
        end(takePid());
    }
}
