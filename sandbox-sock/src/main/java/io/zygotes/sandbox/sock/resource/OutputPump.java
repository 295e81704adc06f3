package io.zygotes.sandbox.sock.resource;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.Poll;
import io.zygotes.sandbox.sock.linux.Poller;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Reads what sandboxes print. One thread for all of them: it must keep up, or lambdas that print would wait. Whoever
 * prints without end costs it little: most of that is thrown away unread, and some time the printing has to wait.
 */
public final class OutputPump {

    private static final System.Logger LOG = System.getLogger(OutputPump.class.getName());
    /** As much as a pipe may hold: a MiB, in pieces of 64 KiB. */
    private static final int MOST_READS = 16;

    private final Poller poller;
    /** A pipe that is written to, or whose writing end is closed, to wake the thread. */
    private final Pipe bell;
    /** Pipes whose writers are gone, as far as the worker knows. */
    private final Map<Descriptor, Source> ending = new ConcurrentHashMap<>();

    /** Pipes whose writers have nothing more to say for a while. */
    private final Set<Descriptor> pausing = ConcurrentHashMap.newKeySet();

    private final Map<Descriptor, Source> sources = new ConcurrentHashMap<>();
    /** Of the thread alone, as the next one. */
    private final Map<Descriptor, Slot> slots = new HashMap<>();
    /** Pipes that are not watched until their next slot. */
    private final Set<Descriptor> resting = new HashSet<>();

    private final Thread thread;
    private volatile boolean closing;

    /** What one sandbox prints. To run it ends it: see {@link #end}. */
    public interface Printing extends Runnable {

        /**
         * The sandbox has nothing more to say for a while: a line that it began is handed on as it is, also one that is
         * still on its way. Costs next to nothing if there is none.
         */
        void pause();

        /** What comes from now on may be the parts of a line. */
        void resume();
    }

    /**
     * Starts the thread.
     *
     * @throws IOException if there is no open file left for it
     */
    public OutputPump() throws IOException {
        poller = Poller.open();
        try {
            bell = Pipe.open();
            poller.watch(bell.reading());
        } catch (IOException e) {
            poller.close();
            throw e;
        }
        thread = Rounds.start("sandbox-output", "what sandboxes print", this::round);
    }

    /**
     * Splits what comes into lines, until all writing ends are closed.
     *
     * @param pipe the reading end; owned by the pump from now on
     * @return ends it before that, or hands on what is there
     */
    public Printing lines(Descriptor pipe, Consumer<String> sink) throws IOException {
        return add(pipe, new LineSplitter(sink));
    }

    /**
     * Collects the last 64 KiB, until all writing ends are closed.
     *
     * @param pipe the reading end; owned by the pump from now on
     * @param done gets the text at the end
     * @return ends it before that: see {@link #end}
     */
    public Runnable collect(Descriptor pipe, Consumer<String> done) throws IOException {
        return add(pipe, new Tail(done));
    }

    private Printing add(Descriptor pipe, Source source) throws IOException {
        sources.put(pipe, source);
        try {
            poller.watch(pipe);
        } catch (IOException | RuntimeException | Error e) {
            sources.remove(pipe);
            pipe.close();
            throw e;
        }
        return new Printing() {
            @Override
            public void run() {
                end(pipe, source);
            }

            @Override
            public void pause() {
                source.rest(true);
                // Nearly all end their last line.
                if (source.hasPart()) {
                    OutputPump.this.pause(pipe, source);
                }
            }

            @Override
            public void resume() {
                if (source.hasPart()) {
                    OutputPump.this.pause(pipe, source);
                }
                source.rest(false);
            }
        };
    }

    private void pause(Descriptor pipe, Source source) {
        synchronized (bell) {
            if (closing || sources.get(pipe) != source || !pausing.add(pipe)) {
                return;
            }
            try {
                FileIo.writeByte(bell.writing());
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "a line without an end is told late: " + e.getMessage());
            }
        }
    }

    private void takePausing() {
        for (Iterator<Descriptor> next = pausing.iterator(); next.hasNext(); ) {
            Source source = sources.get(next.next());
            next.remove();
            if (source != null) {
                pause(source);
            }
        }
    }

    /**
     * Nobody prints there any more: what has come is taken, and the pipe closed. It would be closed by itself if its
     * writers had ended, but a package can keep the writing ends of all leaves in its zygote, and so have the worker
     * keep the reading ends.
     */
    private void end(Descriptor pipe, Source source) {
        synchronized (bell) {
            if (closing || sources.get(pipe) != source) {
                return;
            }
            ending.put(pipe, source);
            try {
                FileIo.writeByte(bell.writing());
            } catch (IOException e) {
                LOG.log(Level.WARNING, "the output of a sandbox is ended late: " + e.getMessage());
            }
        }
    }

    private void takeEnding() throws IOException {
        for (Iterator<Map.Entry<Descriptor, Source>> next = ending.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<Descriptor, Source> entry = next.next();
            next.remove();
            Descriptor pipe = entry.getKey();
            Source source = entry.getValue();
            if (sources.get(pipe) == source) {
                try {
                    takeRest(pipe, source);
                } finally {
                    forget(pipe, source);
                }
            }
        }
    }

    private static void takeRest(Descriptor pipe, Source source) throws IOException {
        for (int i = 0; i < MOST_READS && Poll.awaitInput(pipe, 0); i++) {
            byte[] bytes = FileIo.read(pipe);
            if (bytes == null || bytes.length == 0) {
                return;
            }
            give(bytes, source);
        }
    }

    private void forget(Descriptor pipe, Source source) throws IOException {
        sources.remove(pipe);
        slots.remove(pipe);
        try {
            if (!resting.remove(pipe)) {
                // Closing alone would not do while a program is being started: it has a copy for a moment.
                poller.unwatch(pipe);
            }
        } finally {
            pipe.close();
            end(source);
        }
    }

    /** One wait, and what it brings. What a failure leaves unread is told of again by the next wait. */
    private boolean round() throws IOException {
        if (closing) {
            sources.keySet().forEach(Descriptor::close);
            poller.close();
            bell.reading().close();
            return false;
        }
        takeEnding();
        takePausing();
        for (Descriptor pipe : poller.await(millisToRest())) {
            Source source = sources.get(pipe);
            if (source != null) {
                read(pipe, source);
            } else if (pipe == bell.reading()) {
                FileIo.read(pipe);
            }
        }
        return true;
    }

    private void read(Descriptor pipe, Source source) throws IOException {
        byte[] bytes = FileIo.read(pipe);
        if (bytes == null) {
            return;
        }
        if (bytes.length == 0) {
            forget(pipe, source);
            return;
        }
        give(bytes, source);
        if (source.rests() && source.hasPart() && !Poll.awaitInput(pipe, 0)) {
            pause(source);
        }
        if (slots.computeIfAbsent(pipe, _ -> new Slot()).isFull(bytes.length)) {
            // In this order: one that is not watched and does not rest would never be read again.
            resting.add(pipe);
            poller.unwatch(pipe);
        }
    }

    /** What one of them printed may be lost, but nobody who prints may ever wait for a thread that is gone. */
    private static void give(byte[] bytes, Source source) {
        try {
            source.take(bytes);
        } catch (RuntimeException | Error e) {
            Rounds.tell("some output of a sandbox is lost", e);
        }
    }

    private static void pause(Source source) {
        try {
            source.pause();
        } catch (RuntimeException | Error e) {
            Rounds.tell("a line without an end is told late", e);
        }
    }

    private static void end(Source source) {
        try {
            source.end();
        } catch (RuntimeException | Error e) {
            Rounds.tell("the end of a sandbox's output is lost", e);
        }
    }

    /** Watches those again whose slot is over; returns the milliseconds until the next one is, -1 if there is none. */
    private int millisToRest() throws IOException {
        long least = Long.MAX_VALUE;
        for (Iterator<Descriptor> next = resting.iterator(); next.hasNext(); ) {
            Descriptor pipe = next.next();
            long left = slots.get(pipe).nanosLeft();
            if (left <= 0) {
                poller.watch(pipe);
                next.remove();
            } else {
                least = Math.min(least, left);
            }
        }
        return least == Long.MAX_VALUE ? -1 : (int) (least / 1_000_000) + 1;
    }

    /** Ends the thread; what is still in pipes is lost. Called once. */
    public void stop() throws InterruptedException {
        synchronized (bell) {
            closing = true;
            bell.writing().close();
        }
        thread.join(5000);
    }
}
