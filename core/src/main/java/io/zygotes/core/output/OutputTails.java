package io.zygotes.core.output;

import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Hands on what lambdas print, and keeps the last lines of those that somebody follows: a caller who wants to see what
 * his call printed. Costs nothing where nobody does. Safe for use by many threads.
 */
public final class OutputTails implements OutputSink {

    /** Characters that one who follows can have at most; what was printed before is let go. */
    private static final int MOST = 1 << 16;
    /** How long it is silent before a call's output counts as complete: it comes through a pipe, by another thread. */
    private static final long SILENCE = TimeUnit.MILLISECONDS.toNanos(30);
    /** How long whoever asks waits for that. */
    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(300);

    private final OutputSink next;
    private final Map<String, List<Tail>> followed = new ConcurrentHashMap<>();

    /** @param next gets all lines */
    public OutputTails(OutputSink next) {
        this.next = Objects.requireNonNull(next);
    }

    @Override
    public void line(String sandbox, String label, String line) {
        if (!followed.isEmpty()) {
            followed.getOrDefault(label, List.of()).forEach(tail -> tail.add(sandbox, line));
        }
        next.line(sandbox, label, line);
    }

    /** Follows a lambda from now on, until what it returns is closed. */
    public Tail follow(String label) {
        Tail tail = new Tail(label);
        followed.compute(label, (key, tails) -> {
            List<Tail> all = tails == null ? new CopyOnWriteArrayList<>() : tails;
            all.add(tail);
            return all;
        });
        return tail;
    }

    private record Line(String sandbox, String text) {}

    /** The last lines of one lambda. */
    public final class Tail implements AutoCloseable {

        private final String label;
        private final Deque<Line> lines = new ArrayDeque<>();
        private int length;
        private long lastLine;

        private Tail(String label) {
            this.label = label;
        }

        private synchronized void add(String sandbox, String text) {
            lines.add(new Line(sandbox, text));
            length += text.length() + 1;
            while (length > MOST) {
                length -= lines.remove().text().length() + 1;
            }
            lastLine = System.nanoTime();
            notifyAll();
        }

        /**
         * What was printed, once nothing more comes.
         *
         * @param sandbox whose lines; empty for those of all sandboxes of the lambda
         * @return lines, each with its end, in UTF-8
         * @throws InterruptedException if the calling thread is interrupted
         */
        public synchronized byte[] text(Optional<String> sandbox) throws InterruptedException {
            long asked = System.nanoTime();
            lastLine = asked;
            long now = asked;
            while (now - lastLine < SILENCE && now - asked < PATIENCE) {
                TimeUnit.NANOSECONDS.timedWait(this, Math.min(SILENCE - (now - lastLine), PATIENCE - (now - asked)));
                now = System.nanoTime();
            }
            StringBuilder text = new StringBuilder();
            for (Line line : lines) {
                if (sandbox.isEmpty() || sandbox.get().equals(line.sandbox())) {
                    text.append(line.text()).append('\n');
                }
            }
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }

        /** Follows no longer. Idempotent. */
        @Override
        public void close() {
            followed.computeIfPresent(label, (key, tails) -> {
                tails.remove(this);
                return tails.isEmpty() ? null : tails;
            });
        }
    }
}
