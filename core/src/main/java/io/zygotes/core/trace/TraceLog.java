package io.zygotes.core.trace;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Packages;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Keeps {@code logs/trace.jsonl}: one JSON object a line for each package, function and invocation, as
 * {@code docs/trees.md} says. A thread of its own writes whole lines, at least once a second; whoever reports something
 * never waits for it. What does not fit into its queue is lost and counted. Files are rotated by size, and each of them
 * describes all functions and packages that it mentions, so that it can be read without the others.
 */
public final class TraceLog implements AutoCloseable {

    /** Name of the newest file; older ones have {@code .1}, {@code .2} and so on behind it. */
    public static final String FILE = "trace.jsonl";

    private static final Logger LOG = System.getLogger(TraceLog.class.getName());
    private static final int QUEUE = 8192;
    private static final long FLUSH_NANOS = Duration.ofMillis(500).toNanos();

    private final Path path;
    private final long bytesAFile;
    private final Packages packages;
    private final BlockingQueue<Event> queue;
    private final LongAdder lost = new LongAdder();
    private Thread writer;
    private volatile boolean closed;

    sealed interface Event permits Call, Measured, End {}

    record Call(String function, String version, Set<PackageId> packages, long atMillis, double millis, String start)
            implements Event {}

    record Measured(Map<PackageId, ImportCost> costs) implements Event {}

    private record End() implements Event {}

    /**
     * Makes a trace; nothing is written before {@link #start}.
     *
     * @param folder folder of the files; made if it is missing
     * @param bytesAFile size at which a file is rotated; the last call's lines may go beyond it
     * @param packages knows what is installed and what it costs
     */
    public TraceLog(Path folder, long bytesAFile, Packages packages) {
        this(folder, bytesAFile, packages, QUEUE);
    }

    TraceLog(Path folder, long bytesAFile, Packages packages, int queueLength) {
        this.path = folder.resolve(FILE);
        this.bytesAFile = bytesAFile;
        this.packages = packages;
        this.queue = new ArrayBlockingQueue<>(queueLength);
    }

    /**
     * Opens the file and starts the writer. Called once.
     *
     * @throws IOException if the folder or the file cannot be written
     */
    public synchronized void start() throws IOException {
        if (writer != null) {
            throw new IllegalStateException("the trace " + path + " is written already");
        }
        TraceFile file = new TraceFile(path, bytesAFile);
        writer = Thread.ofPlatform().name("trace").daemon().start(() -> write(file));
    }

    /**
     * A call was answered. Never blocks.
     *
     * @param function name of the lambda
     * @param version tells versions of its code apart
     * @param pins all its packages, indirect ones too
     * @param millis how long the call took
     * @param start {@code warm}, {@code hit} or {@code cold}
     */
    public void call(String function, String version, Set<PackageId> pins, double millis, String start) {
        offer(new Call(function, version, pins, System.currentTimeMillis(), millis, start));
    }

    /** Imports were measured. Never blocks. */
    public void measured(Map<PackageId, ImportCost> costs) {
        if (!costs.isEmpty()) {
            offer(new Measured(Map.copyOf(costs)));
        }
    }

    private void offer(Event event) {
        if (closed || !queue.offer(event)) {
            lost.increment();
        }
    }

    /** How many reports and lines were lost so far, because the disk was too slow or full. */
    public long lost() {
        return lost.sum();
    }

    /** The writer, from its start to its end. */
    private void write(TraceFile file) {
        TraceLines lines = new TraceLines(packages, file::add);
        boolean ended = false;
        long due = System.nanoTime() + FLUSH_NANOS;
        while (!ended) {
            try {
                Event event = queue.poll(Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
                ended = take(event, lines, file);
                if (ended || file.worthAFlush() || System.nanoTime() - due >= 0) {
                    file.flush();
                    due = System.nanoTime() + FLUSH_NANOS;
                }
            } catch (IOException e) {
                // A full disk must not end the trace for ever: the next lines try again.
                report(e, lines);
                due = System.nanoTime() + FLUSH_NANOS;
            } catch (RuntimeException | Error e) {
                lost.increment();
                Rounds.tell("cannot trace a call", e);
            } catch (InterruptedException e) {
                ended = true;
            }
        }
        close(file);
    }

    /**
     * Takes one event.
     *
     * @param event the event; null if it is only time to flush
     * @return whether it is the last one
     */
    private static boolean take(Event event, TraceLines lines, TraceFile file) throws IOException {
        switch (event) {
            case Call call -> {
                if (file.full()) {
                    file.rotate();
                    lines.forget();
                }
                lines.add(call);
            }
            case Measured measured -> lines.add(measured);
            case End _ -> {
                return true;
            }
            case null -> {
                return false;
            }
        }
        return false;
    }

    /** What was lost may have described something, so everything is described again. */
    private void report(IOException e, TraceLines lines) {
        if (e instanceof TraceFile.LostException some) {
            lost.add(some.lines());
            lines.forget();
        }
        LOG.log(Level.WARNING, "cannot write " + path + "; lines of the trace are lost", e);
    }

    private void close(TraceFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot close " + path, e);
        }
    }

    /** Writes what is in the queue and ends. Idempotent. */
    @Override
    public synchronized void close() {
        if (closed || writer == null) {
            return;
        }
        closed = true;
        try {
            queue.put(new End());
            writer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
