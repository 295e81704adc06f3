package io.zygotes.core.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.RotatedFile;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.Packages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int QUEUE = 8192;
    private static final int BATCH_BYTES = 1 << 16;
    private static final long FLUSH_NANOS = Duration.ofMillis(500).toNanos();
    /** Costs are measured anew with every zygote and never twice the same; smaller changes are not worth a line. */
    private static final double CHANGE = 0.1;

    private final Path folder;
    private final long bytesAFile;
    private final Packages packages;
    private final BlockingQueue<Event> queue;
    private final LongAdder lost = new LongAdder();
    private final Thread writer;
    private volatile boolean closed;

    // What follows belongs to the writer.
    private final Map<String, String> versions = new HashMap<>();
    private final Map<PackageId, Described> described = new HashMap<>();
    private final ByteArrayOutputStream batch = new ByteArrayOutputStream();
    private long batchLines;
    private FileChannel file;
    private long written;

    private sealed interface Event permits Call, Measured, End {}

    private record Call(
            String function, String version, Set<PackageId> packages, long atMillis, double millis, String start)
            implements Event {}

    private record Measured(Map<PackageId, ImportCost> costs) implements Event {}

    private record End() implements Event {}

    /** What the present file says of a package. */
    private record Described(PackageInfo info, ArrayNode dependencies, Optional<ImportCost> cost) {}

    /**
     * Starts the writer.
     *
     * @param folder folder of the files; made if it is missing
     * @param bytesAFile size at which a file is rotated; the last call's lines may go beyond it
     * @param packages knows what is installed and what it costs
     * @throws IOException if the folder or the file cannot be written
     */
    public TraceLog(Path folder, long bytesAFile, Packages packages) throws IOException {
        this(folder, bytesAFile, packages, QUEUE);
    }

    TraceLog(Path folder, long bytesAFile, Packages packages, int queueLength) throws IOException {
        this.folder = folder;
        this.bytesAFile = bytesAFile;
        this.packages = packages;
        this.queue = new ArrayBlockingQueue<>(queueLength);
        Files.createDirectories(folder);
        open();
        this.writer = Thread.ofPlatform().name("trace").daemon().start(this::run);
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

    private void run() {
        boolean ended = false;
        long due = System.nanoTime() + FLUSH_NANOS;
        while (!ended) {
            try {
                Event event = queue.poll(Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
                switch (event) {
                    case Call call -> write(call);
                    case Measured measured -> write(measured);
                    case End end -> ended = true;
                    case null -> {
                        // time to flush
                    }
                }
                if (ended || batch.size() >= BATCH_BYTES || System.nanoTime() - due >= 0) {
                    flush();
                    due = System.nanoTime() + FLUSH_NANOS;
                }
            } catch (IOException e) {
                // a full disk must not end the trace for ever: the next lines try again
                LOG.log(Level.WARNING, "cannot write " + folder.resolve(FILE) + "; lines of the trace are lost", e);
                due = System.nanoTime() + FLUSH_NANOS;
            } catch (RuntimeException e) {
                lost.increment();
                LOG.log(Level.ERROR, "cannot trace a call", e);
            } catch (InterruptedException e) {
                ended = true;
            }
        }
    }

    private void write(Call call) throws IOException {
        if (written + batch.size() >= bytesAFile) {
            flush();
            rotate();
        }
        if (!call.version().equals(versions.get(call.function()))) {
            Map<String, PackageId> pins = new TreeMap<>();
            call.packages().forEach(id -> pins.put(id.name(), id));
            for (PackageId id : pins.values()) {
                Optional<PackageInfo> info = described.containsKey(id) ? Optional.empty() : packages.installed(id);
                if (info.isPresent()) {
                    describe(info.get(), dependencies(info.get(), pins), packages.cost(id));
                }
            }
            ObjectNode line = line("function", call.function());
            ArrayNode all = line.putArray("deps");
            pins.values().forEach(id -> all.add(id.toString()));
            add(line);
            versions.put(call.function(), call.version());
        }
        add(line("invocation", call.function())
                .put("ts", call.atMillis())
                .put("ms", rounded(call.millis()))
                .put("start", call.start()));
    }

    /** A dependency that no lambda pins is named without a version. */
    private static ArrayNode dependencies(PackageInfo info, Map<String, PackageId> pins) {
        ArrayNode dependencies = JSON.createArrayNode();
        for (String name : new TreeSet<>(info.dependencies())) {
            dependencies.add(pins.containsKey(name) ? pins.get(name).toString() : name);
        }
        return dependencies;
    }

    private void write(Measured measured) {
        for (Map.Entry<PackageId, ImportCost> each : new TreeMap<>(measured.costs()).entrySet()) {
            // one that no function has needs no line
            Described before = described.get(each.getKey());
            if (before != null
                    && (before.cost().isEmpty() || differs(before.cost().get(), each.getValue()))) {
                describe(before.info(), before.dependencies(), Optional.of(each.getValue()));
            }
        }
    }

    private static boolean differs(ImportCost a, ImportCost b) {
        return differs(a.millis(), b.millis()) || differs(a.megabytes(), b.megabytes());
    }

    private static boolean differs(double a, double b) {
        return Math.abs(a - b) > CHANGE * Math.max(1, Math.max(a, b));
    }

    private void describe(PackageInfo info, ArrayNode dependencies, Optional<ImportCost> cost) {
        ObjectNode line = line("package", info.id().toString());
        line.set("deps", dependencies);
        ArrayNode top = line.putArray("top");
        info.modules().forEach(top::add);
        cost.ifPresent(
                known -> line.put("import_ms", rounded(known.millis())).put("import_mb", rounded(known.megabytes())));
        add(line);
        described.put(info.id(), new Described(info, dependencies, cost));
    }

    private static ObjectNode line(String type, String name) {
        return JSON.createObjectNode().put("type", type).put("name", name);
    }

    private static double rounded(double value) {
        return Math.round(value * 1000) / 1000.0;
    }

    private void add(ObjectNode line) {
        try {
            batch.writeBytes(JSON.writeValueAsBytes(line));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
        batch.write('\n');
        batchLines++;
    }

    private void flush() throws IOException {
        if (batch.size() == 0) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(batch.toByteArray());
        long lines = batchLines;
        batch.reset();
        batchLines = 0;
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes, written + bytes.position());
            }
            written += bytes.limit();
        } catch (IOException e) {
            // what was lost may have described something: say everything again
            lost.add(lines);
            forgetDescriptions();
            file.truncate(written);
            throw e;
        }
    }

    private void forgetDescriptions() {
        versions.clear();
        described.clear();
    }

    /** A worker that was killed may have left half a line. */
    private void open() throws IOException {
        file = FileChannel.open(
                folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        written = file.size();
        ByteBuffer last = ByteBuffer.allocate(1);
        while (written > 0 && file.read(last.clear(), written - 1) == 1 && last.get(0) != '\n') {
            written--;
        }
        file.truncate(written);
    }

    private void rotate() throws IOException {
        file.close();
        new RotatedFile(folder.resolve(FILE)).makeRoom();
        forgetDescriptions();
        open();
    }

    /** Writes what is in the queue and ends. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            queue.put(new End());
            writer.join();
            file.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot close " + folder.resolve(FILE), e);
        }
    }
}
