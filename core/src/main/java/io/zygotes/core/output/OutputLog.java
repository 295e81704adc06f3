package io.zygotes.core.output;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.RotatedFile;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.Rounds;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Keeps the lines that lambdas print in {@code logs/lambdas.log}, each with time, sandbox and lambda, control
 * characters escaped, so that a lambda cannot forge a line of another one. A lambda that prints too much, or a disk
 * that is too slow, loses lines: they are counted, never waited for. Files are rotated by size.
 */
public final class OutputLog implements MechanismContext.OutputSink, AutoCloseable {

    /** Name of the newest file; older ones have {@code .1}, {@code .2} and so on behind it. */
    public static final String FILE = "lambdas.log";

    private static final Logger LOG = System.getLogger(OutputLog.class.getName());
    private static final int QUEUE = 4096;
    private static final long NANOS_BETWEEN_WARNINGS = TimeUnit.SECONDS.toNanos(10);
    /** Marks the end of the queue. */
    private static final Line END = new Line("", "", "", 0);

    private final Path folder;
    private final long bytesAFile;
    private final long bytesASecond;
    private final BlockingQueue<Line> queue = new ArrayBlockingQueue<>(QUEUE);
    private final LongAdder dropped = new LongAdder();
    private final Map<String, Budget> budgets = new HashMap<>();
    private Thread writer;
    /** Null when it could not be opened again after a rotation. */
    private OutputStream file;

    private long written;
    private long nextWarning = System.nanoTime();
    private volatile boolean closed;
    /** Whether the end of the queue came; of the thread alone. */
    private boolean ended;

    private record Line(String sandbox, String label, String text, long millis) {}

    /** What one lambda may still write in the present second. */
    private static final class Budget {
        private long second;
        private long left;
        private long lost;
    }

    /**
     * Makes a log; nothing is written before {@link #start}.
     *
     * @param folder folder of the files; made if it is missing
     * @param bytesAFile size at which a file is rotated
     * @param bytesASecond what one lambda may write in a second
     */
    public OutputLog(Path folder, long bytesAFile, long bytesASecond) {
        this.folder = folder;
        this.bytesAFile = bytesAFile;
        this.bytesASecond = bytesASecond;
    }

    /**
     * Opens the file and starts the writer. Called once.
     *
     * @throws IOException if the folder or the file cannot be written
     */
    public synchronized void start() throws IOException {
        if (writer != null) {
            throw new IllegalStateException("the log " + folder.resolve(FILE) + " is written already");
        }
        Folders.createPrivate(folder);
        open();
        writer = Rounds.start("lambda-output", "the log " + folder.resolve(FILE), this::round);
    }

    @Override
    public void line(String sandbox, String label, String line) {
        if (closed || !queue.offer(new Line(sandbox, label, line, System.currentTimeMillis()))) {
            dropped.increment();
        }
    }

    /** Lines lost so far. */
    public long dropped() {
        return dropped.sum();
    }

    private boolean round() throws InterruptedException {
        if (ended) {
            return false;
        }
        try {
            Line line = queue.poll(1, TimeUnit.SECONDS);
            ended = line == END;
            // By the clock of the lines: a writer that lags behind would give each of them the budget of a new second.
            reportLost(ended, line == null || ended ? System.currentTimeMillis() : line.millis());
            if (line != null && !ended) {
                write(line);
            }
            if (queue.isEmpty() && file != null) {
                file.flush();
            }
        } catch (IOException e) {
            // A full disk must not end the log for ever: the next line tries again.
            dropped.increment();
            warn(e);
        }
        return !ended;
    }

    /** Not for each line: the worker's own log may be on the disk that is full. */
    private void warn(IOException e) {
        long now = System.nanoTime();
        if (now - nextWarning >= 0) {
            nextWarning = now + NANOS_BETWEEN_WARNINGS;
            LOG.log(
                    Level.WARNING,
                    "cannot write " + folder.resolve(FILE) + ": " + e.getMessage()
                            + "; what lambdas print is lost until it can be written again (" + dropped.sum()
                            + " lines so far)");
        }
    }

    private void write(Line line) throws IOException {
        byte[] text = render(line.millis(), line.sandbox(), line.label(), line.text());
        Budget budget = budgets.computeIfAbsent(line.label(), label -> new Budget());
        long second = line.millis() / 1000;
        if (second != budget.second) {
            budget.second = second;
            budget.left = bytesASecond;
        }
        if (budget.left < text.length) {
            budget.lost++;
            dropped.increment();
            return;
        }
        budget.left -= text.length;
        put(text);
    }

    /** Says how much was lost, once for each lambda and second, when that second is over. */
    private void reportLost(boolean all, long now) throws IOException {
        for (Iterator<Map.Entry<String, Budget>> next = budgets.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<String, Budget> entry = next.next();
            Budget budget = entry.getValue();
            if (all || now / 1000 > budget.second) {
                next.remove();
                if (budget.lost > 0) {
                    put(render(
                            now,
                            "-",
                            entry.getKey(),
                            "[" + budget.lost + " lines lost: more than " + bytesASecond + " bytes in a second]"));
                }
            }
        }
    }

    private void put(byte[] text) throws IOException {
        if (file == null) {
            open();
        }
        if (written + text.length > bytesAFile && written > 0) {
            rotate();
        }
        file.write(text);
        written += text.length;
    }

    private void open() throws IOException {
        Path path = folder.resolve(FILE);
        written = Files.exists(path) ? Files.size(path) : 0;
        file = new BufferedOutputStream(
                Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    private void rotate() throws IOException {
        OutputStream full = file;
        file = null;
        full.close();
        new RotatedFile(folder.resolve(FILE)).makeRoom();
        open();
    }

    private static byte[] render(long millis, String sandbox, String label, String text) {
        StringBuilder out = new StringBuilder(text.length() + 64);
        out.append(Instant.ofEpochMilli(millis).truncatedTo(ChronoUnit.MILLIS));
        out.append(' ').append(sandbox).append(' ').append(label).append(" | ");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                out.append("\\\\");
            } else if (c == '\t' || !Character.isISOControl(c) && c != '\u2028' && c != '\u2029') {
                out.append(c);
            } else {
                out.append(String.format("\\u%04x", (int) c));
            }
        }
        return out.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Writes what is in the queue and ends. Idempotent. */
    @Override
    public synchronized void close() {
        if (closed || writer == null) {
            return;
        }
        closed = true;
        try {
            queue.put(END);
            writer.join();
            if (file != null) {
                file.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot close " + folder.resolve(FILE), e);
        }
    }
}
