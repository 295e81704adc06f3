package io.zygotes.sandbox.sock;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The worker's side of the warden process: starts it, gives it work, and hears from it which processes ended.
 *
 * <p>The socket to it is also the lifeline: when this process ends, however it does, the warden sees the end of the
 * stream and exits, and the kernel kills everything in its pid namespace. A stopped one sees nothing: it is killed when the
 * thread ends that started it (PR_SET_PDEATHSIG), which is the one that listens to it.
 */
final class Warden implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Warden.class.getName());

    /** How long the warden may take for anything, in seconds. */
    private static final int PATIENCE = 20;
    /** Bytes of a message that tells of an end: see protocol.py. */
    private static final int END = 1;

    /** Told about every process below the warden that ended. */
    interface Obituary {
        /**
         * @param pid the process, as the worker sees it
         * @param status its exit code; 128 + n if signal n ended it
         */
        void ended(int pid, int status);
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Channel channel;
    private final Obituary obituary;
    private final AtomicLong requests = new AtomicLong();
    private final Map<Long, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();
    private final CompletableFuture<Integer> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    /** The process that makes it, and ends before it serves. */
    private int booting;

    private volatile int pid;

    private Warden(Channel channel, Obituary obituary) {
        this.channel = channel;
        this.obituary = obituary;
    }

    /**
     * Starts the warden and waits until it can make sandboxes.
     *
     * @param mountPoint an empty folder on the host, on which it mounts the base root in its own mount namespace
     * @param output what its standard output and error become
     */
    static Warden start(
            PythonRuntime python,
            List<List<String>> baseRoot,
            Path mountPoint,
            CgroupTree cgroups,
            int output,
            String interpreterOnHost,
            Obituary obituary)
            throws SandboxException, InterruptedException {
        Warden warden = null;
        int group = -1;
        boolean started = false;
        try {
            Files.createDirectories(mountPoint);
            group = Linux.openToRead(cgroups.makeWardenGroup().toString());
            int[] sockets = Linux.socketPair(Linux.SOCK_SEQPACKET);
            warden = new Warden(new Channel(sockets[0]), obituary);
            try {
                Linux.passCredentials(sockets[0]);
                Linux.sendBuffer(sockets[0], 1 << 19);
                Linux.sendBuffer(sockets[1], 1 << 19);
                String program =
                        "import sys; sys.path.append(sys.argv[1]); from _zygotes.serving import warden; warden.main()";
                warden.spawn(
                        List.of(
                                interpreterOnHost,
                                "-I",
                                "-S",
                                "-B",
                                "-c",
                                program,
                                python.folder().toString()),
                        output,
                        sockets[1]);
            } finally {
                Linux.close(sockets[1]);
            }
            warden.boot(python, baseRoot, mountPoint, cgroups, group);
            Linux.waitFor(warden.booting);
            started = true;
            return warden;
        } catch (IOException | TimeoutException e) {
            throw new SandboxException("the warden did not start: " + e.getMessage(), e);
        } finally {
            if (group >= 0) {
                Linux.close(group);
            }
            if (warden != null && !started) {
                warden.giveUp();
            }
        }
    }

    private void giveUp() {
        channel.close();
        end(booting);
    }

    private static void end(int process) {
        if (process == 0) {
            return;
        }
        try {
            // It ends by itself; a frozen or stopped one would not.
            Linux.kill(process, Linux.SIGKILL);
            Linux.waitFor(process);
        } catch (LinuxException e) {
            LOG.log(Level.WARNING, "the warden was gone already: " + e.getMessage());
        }
    }

    /**
     * Its environment. The system property {@code zygotes.tuning} leaves out what only makes sandboxes faster: {@code off}
     * for all of it, or names as in {@code tuning.py}. It is for tests and measurements.
     */
    private static List<String> environment() {
        return List.of("LANG=C.UTF-8", "ZYGOTES_TUNING=" + System.getProperty("zygotes.tuning", ""));
    }

    /** Starts its process on the thread that will listen to it. */
    private void spawn(List<String> command, int output, int theirs) throws IOException {
        CompletableFuture<Integer> spawned = new CompletableFuture<>();
        int nothing = Linux.openToRead("/dev/null");
        try {
            Thread.ofPlatform().daemon().name("warden").start(() -> {
                try {
                    spawned.complete(Linux.spawn(command, environment(), nothing, output, output, theirs));
                } catch (LinuxException | RuntimeException | Error e) {
                    spawned.completeExceptionally(e);
                    return;
                }
                listen();
            });
            booting = spawned.join(); // whatever interrupts: the descriptors are in use
        } catch (CompletionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } finally {
            Linux.close(nothing);
        }
    }

    private void boot(PythonRuntime python, List<List<String>> baseRoot, Path mountPoint, CgroupTree cgroups, int group)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        byte[] instructions = JSON.writeValueAsBytes(Map.of(
                "root", mountPoint.toString(),
                "entries", baseRoot.size(),
                "python", python.executable(),
                "first_id", Integer.toUnsignedLong(cgroups.hostId(0)),
                "ids", IdBlock.WORKER_IDS));
        long deadline = deadline();
        channel.send(instructions, deadline, group);
        for (List<String> entry : baseRoot) {
            channel.send(JSON.writeValueAsBytes(Map.of("entry", entry)), deadline);
        }
        try {
            pid = ready.get(PATIENCE, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new SandboxException(
                    "the warden did not start: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private static long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
    }

    private void listen() {
        String reason = "it ended";
        try {
            while (true) {
                Linux.Received received = channel.receivePacket();
                if (received.data().length == 0) {
                    break;
                }
                if (received.data().length == END) {
                    obituary.ended(received.pid(), Byte.toUnsignedInt(received.data()[0]));
                    continue;
                }
                JsonNode message = JSON.readTree(received.data());
                if (message.has("ready")) {
                    ready.complete(received.pid());
                } else if (message.has("failed")) {
                    reason = message.path("failed").asText();
                } else {
                    answer(message);
                }
            }
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // Also for want of memory: the end of a sandbox that was told is not told again, but another warden starts
            // anew.
            reason = String.valueOf(e.getMessage());
        }
        IOException end = new IOException("the warden is gone: " + reason);
        gone.complete(null);
        ready.completeExceptionally(end);
        pending.values().forEach(future -> future.completeExceptionally(end));
    }

    private void answer(JsonNode message) {
        CompletableFuture<Void> future = pending.remove(message.path("id").asLong());
        if (future == null) {
            return;
        }
        if (message.has("error")) {
            future.completeExceptionally(new RefusedException(
                    message.path("error").asText(), message.path("errno").asInt()));
        } else {
            future.complete(null);
        }
    }

    /**
     * Asks for something.
     *
     * @param pid the process that it is about; 0 for none
     * @return completes when it is done, exceptionally if it cannot be
     */
    CompletableFuture<Void> ask(Map<String, Object> request, int pid, int... descriptors)
            throws IOException, TimeoutException, InterruptedException {
        long id = requests.incrementAndGet();
        CompletableFuture<Void> future = new CompletableFuture<>();
        pending.put(id, future);
        Map<String, Object> numbered = new java.util.HashMap<>(request);
        numbered.put("id", id);
        byte[] data = JSON.writeValueAsString(numbered).getBytes(StandardCharsets.UTF_8);
        try {
            if (pid != 0) {
                channel.sendAs(pid, data, deadline());
            } else {
                channel.send(data, deadline(), descriptors);
            }
        } catch (IOException | TimeoutException e) {
            pending.remove(id);
            throw e;
        }
        if (gone.isDone()) {
            future.completeExceptionally(new IOException("the warden is gone"));
        }
        return future;
    }

    int pid() {
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
                Linux.kill(pid, Linux.SIGCONT);
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
        channel.close();
        end(takePid());
    }
}
