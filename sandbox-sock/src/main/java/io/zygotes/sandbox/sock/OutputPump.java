package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Reads what sandboxes print. One thread for all of them: it must keep up, or lambdas that print would wait.
 */
final class OutputPump {

    private static final int LONGEST_LINE = 8192;

    private final int poller;
    /** A pipe whose writing end is closed to wake the thread. */
    private final int[] bell;
    private final Map<Integer, Source> sources = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean closing;

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
     */
    void lines(int pipe, Consumer<String> sink) throws LinuxException {
        add(pipe, new Lines(sink));
    }

    /**
     * Collects the last 64 KiB, until all writing ends are closed.
     *
     * @param pipe the reading end; owned by the pump from now on
     * @param done gets the text at the end
     */
    void collect(int pipe, Consumer<String> done) throws LinuxException {
        add(pipe, new Tail(done));
    }

    private void add(int pipe, Source source) throws LinuxException {
        sources.put(pipe, source);
        try {
            Linux.watch(poller, pipe);
        } catch (LinuxException e) {
            sources.remove(pipe);
            Linux.close(pipe);
            throw e;
        }
    }

    private void pump() {
        try {
            while (!closing) {
                for (int pipe : Linux.awaitAny(poller, -1)) {
                    Source source = sources.get(pipe);
                    if (source == null) {
                        continue; // the bell
                    }
                    byte[] bytes = Linux.read(pipe);
                    if (bytes == null) {
                        continue;
                    }
                    if (bytes.length > 0) {
                        source.take(bytes);
                    } else {
                        sources.remove(pipe);
                        // Closing alone would not do while a program is being started: it has a copy for a moment.
                        Linux.unwatch(poller, pipe);
                        Linux.close(pipe);
                        source.end();
                    }
                }
            }
            sources.keySet().forEach(Linux::close);
        } catch (LinuxException e) {
            System.getLogger(OutputPump.class.getName())
                    .log(System.Logger.Level.ERROR, "the output of sandboxes is lost from now on: " + e.getMessage(), e);
        } finally {
            Linux.close(poller);
            Linux.close(bell[0]);
        }
    }

    /** Ends the thread; what is still in pipes is lost. Called once. */
    void stop() throws InterruptedException {
        closing = true;
        Linux.close(bell[1]);
        thread.join(5000);
    }

    private static final class Lines implements Source {
        private final Consumer<String> sink;
        private final StringBuilder line = new StringBuilder();

        Lines(Consumer<String> sink) {
            this.sink = sink;
        }

        @Override
        public void take(byte[] bytes) {
            // Latin-1 first: a character may be cut in two between reads, and bytes must not be lost.
            for (byte b : bytes) {
                if (b == '\n') {
                    flush();
                } else {
                    line.append((char) (b & 0xff));
                    if (line.length() >= LONGEST_LINE) {
                        flush();
                    }
                }
            }
        }

        private void flush() {
            sink.accept(new String(line.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
            line.setLength(0);
        }

        @Override
        public void end() {
            if (!line.isEmpty()) {
                flush();
            }
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
