package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Reads what sandboxes print. One thread for all of them: it must keep up, or lambdas that print would wait. Whoever
 * prints without end costs it little: most of that is thrown away unread, and some time the printing has to wait.
 */
final class OutputPump {

    private static final int LONGEST_LINE = 8192;
    /** As much as a pipe may hold: a MiB, in pieces of 64 KiB. */
    private static final int MOST_READS = 16;
    /** What is read from one pipe in a slot of time; who prints more waits for the next one. */
    private static final int MOST_IN_A_SLOT = 4 << 20;

    private static final long SLOT = TimeUnit.MILLISECONDS.toNanos(100);
    /** What is split into lines, of one pipe in a second; the rest is lost. */
    private static final int MOST_IN_LINES = 2 << 20;
    /** What a line costs beside its bytes, as it will be with time and names before it. */
    private static final int LINE = 64;

    private final int poller;
    /** A pipe that is written to, or whose writing end is closed, to wake the thread. */
    private final int[] bell;
    /** Pipes whose writers are gone, as far as the worker knows. */
    private final Map<Integer, Source> ending = new ConcurrentHashMap<>();

    private final Map<Integer, Source> sources = new ConcurrentHashMap<>();
    /** Of the thread alone, as the next one. */
    private final Map<Integer, Slot> slots = new HashMap<>();
    /** Pipes that are not watched until their next slot. */
    private final Set<Integer> resting = new HashSet<>();

    private final Thread thread;
    private volatile boolean closing;

    /** How much came from one pipe in a slot of time. */
    private static final class Slot {
        private long start;
        private int bytes;

        /** Counts what came; whether it is as much as may come until the slot ends. */
        boolean isFull(int more) {
            long now = System.nanoTime();
            if (now - start >= SLOT) {
                start = now;
                bytes = 0;
            }
            bytes += more;
            return bytes >= MOST_IN_A_SLOT;
        }

        long nanosLeft() {
            return SLOT - (System.nanoTime() - start);
        }
    }

    /** One pipe. */
    private interface Source {
        void take(byte[] bytes);

        void end();
    }

    OutputPump() throws LinuxException {
        poller = Linux.poller();
        try {
            bell = Linux.pipe();
            Linux.watch(poller, bell[0]);
        } catch (LinuxException e) {
            Linux.close(poller);
            throw e;
        }
        thread = Thread.ofPlatform().daemon().name("sandbox-output").start(this::pump);
    }

    /**
     * Splits what comes into lines, until all writing ends are closed.
     *
     * @param pipe the reading end; owned by the pump from now on
     * @return ends it before that: see {@link #end}
     */
    Runnable lines(int pipe, Consumer<String> sink) throws LinuxException {
        return add(pipe, new Lines(sink));
    }

    /**
     * Collects the last 64 KiB, until all writing ends are closed.
     *
     * @param pipe the reading end; owned by the pump from now on
     * @param done gets the text at the end
     * @return ends it before that: see {@link #end}
     */
    Runnable collect(int pipe, Consumer<String> done) throws LinuxException {
        return add(pipe, new Tail(done));
    }

    private Runnable add(int pipe, Source source) throws LinuxException {
        sources.put(pipe, source);
        try {
            Linux.watch(poller, pipe);
        } catch (LinuxException e) {
            sources.remove(pipe);
            Linux.close(pipe);
            throw e;
        }
        return () -> end(pipe, source);
    }

    /**
     * Nobody prints there any more: what has come is taken, and the pipe closed. It would be closed by itself if its
     * writers had ended, but a package can keep the writing ends of all leaves in its zygote, and so have the worker keep
     * the reading ends.
     */
    private void end(int pipe, Source source) {
        synchronized (bell) {
            if (closing || sources.get(pipe) != source) {
                return;
            }
            ending.put(pipe, source);
            try {
                Linux.writeByte(bell[1]);
            } catch (LinuxException e) {
                System.getLogger(OutputPump.class.getName())
                        .log(System.Logger.Level.WARNING, "the output of a sandbox is ended late: " + e.getMessage());
            }
        }
    }

    private void takeEnding() throws LinuxException {
        for (Iterator<Map.Entry<Integer, Source>> next = ending.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<Integer, Source> entry = next.next();
            next.remove();
            int pipe = entry.getKey();
            Source source = entry.getValue();
            if (sources.get(pipe) == source) {
                for (int i = 0; i < MOST_READS && Linux.awaitInput(pipe, 0); i++) {
                    byte[] bytes = Linux.read(pipe);
                    if (bytes == null || bytes.length == 0) {
                        break;
                    }
                    attempt(() -> source.take(bytes));
                }
                forget(pipe, source);
            }
        }
    }

    private void forget(int pipe, Source source) throws LinuxException {
        sources.remove(pipe);
        slots.remove(pipe);
        if (!resting.remove(pipe)) {
            // Closing alone would not do while a program is being started: it has a copy for a moment.
            Linux.unwatch(poller, pipe);
        }
        Linux.close(pipe);
        attempt(source::end);
    }

    private void pump() {
        try {
            while (!closing) {
                takeEnding();
                for (int pipe : Linux.awaitAny(poller, millisToRest())) {
                    Source source = sources.get(pipe);
                    if (source == null) {
                        if (pipe == bell[0]) {
                            Linux.read(pipe);
                        }
                        continue;
                    }
                    byte[] bytes = Linux.read(pipe);
                    if (bytes == null) {
                        continue;
                    }
                    if (bytes.length > 0) {
                        attempt(() -> source.take(bytes));
                        if (slots.computeIfAbsent(pipe, number -> new Slot()).isFull(bytes.length)) {
                            Linux.unwatch(poller, pipe);
                            resting.add(pipe);
                        }
                    } else {
                        forget(pipe, source);
                    }
                }
            }
            sources.keySet().forEach(Linux::close);
        } catch (LinuxException e) {
            System.getLogger(OutputPump.class.getName())
                    .log(
                            System.Logger.Level.ERROR,
                            "the output of sandboxes is lost from now on: " + e.getMessage(),
                            e);
        } finally {
            Linux.close(poller);
            Linux.close(bell[0]);
        }
    }

    /** What one of them printed may be lost, but nobody who prints may ever wait for a thread that is gone. */
    private static void attempt(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            System.getLogger(OutputPump.class.getName())
                    .log(System.Logger.Level.WARNING, "some output of a sandbox is lost: " + e);
        }
    }

    /** Watches those again whose slot is over; returns the milliseconds until the next one is, -1 if there is none. */
    private int millisToRest() throws LinuxException {
        long least = Long.MAX_VALUE;
        for (Iterator<Integer> next = resting.iterator(); next.hasNext(); ) {
            int pipe = next.next();
            long left = slots.get(pipe).nanosLeft();
            if (left <= 0) {
                next.remove();
                Linux.watch(poller, pipe);
            } else {
                least = Math.min(least, left);
            }
        }
        return least == Long.MAX_VALUE ? -1 : (int) (least / 1_000_000) + 1;
    }

    /** Ends the thread; what is still in pipes is lost. Called once. */
    void stop() throws InterruptedException {
        synchronized (bell) {
            closing = true;
            Linux.close(bell[1]);
        }
        thread.join(5000);
    }

    private static final class Lines implements Source {
        private final Consumer<String> sink;
        private final StringBuilder line = new StringBuilder();
        private long since = System.nanoTime();
        private int left = MOST_IN_LINES;
        private long lost;

        Lines(Consumer<String> sink) {
            this.sink = sink;
        }

        @Override
        public void take(byte[] bytes) {
            long now = System.nanoTime();
            if (now - since >= TimeUnit.SECONDS.toNanos(1)) {
                reportLost();
                since = now;
                left = MOST_IN_LINES;
            }
            // Latin-1 first: a character may be cut in two between reads, and bytes must not be lost.
            int at = 0;
            for (; at < bytes.length && left > 0; at++, left--) {
                if (bytes[at] == '\n') {
                    flush();
                    left -= LINE;
                } else {
                    line.append((char) (bytes[at] & 0xff));
                    if (line.length() >= LONGEST_LINE) {
                        flush();
                    }
                }
            }
            lost += bytes.length - at;
        }

        private void reportLost() {
            if (lost > 0) {
                sink.accept("[" + lost + " bytes lost: it printed more than " + (MOST_IN_LINES >> 20)
                        + " MiB in a second]");
                lost = 0;
            }
        }

        private void flush() {
            String whole = line.toString();
            line.setLength(0);
            sink.accept(new String(whole.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        }

        @Override
        public void end() {
            if (!line.isEmpty()) {
                flush();
            }
            reportLost();
        }
    }

    private static final class Tail implements Source {
        private static final int KEPT = 1 << 16;
        private final Consumer<String> done;
        private byte[] kept = {};

        Tail(Consumer<String> done) {
            this.done = done;
        }

        @Override
        public void take(byte[] bytes) {
            byte[] joined = new byte[kept.length + bytes.length];
            System.arraycopy(kept, 0, joined, 0, kept.length);
            System.arraycopy(bytes, 0, joined, kept.length, bytes.length);
            kept = joined.length <= KEPT
                    ? joined
                    : java.util.Arrays.copyOfRange(joined, joined.length - KEPT, joined.length);
        }

        @Override
        public void end() {
            done.accept(new String(kept, StandardCharsets.UTF_8));
        }
    }
}
