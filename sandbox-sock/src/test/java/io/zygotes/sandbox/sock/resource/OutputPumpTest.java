package io.zygotes.sandbox.sock.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.Processes;
import io.zygotes.sandbox.sock.linux.Signal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lines of many, also of somebody who prints more than anybody can read, or what nobody can take. */
class OutputPumpTest {

    private OutputPump pump;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws Exception {
        pump = new OutputPump();
    }

    @AfterEach
    void stop() throws Exception {
        pump.stop();
    }

    /** Has a process print into a pipe; its input never ends. Returns the milliseconds that it took. */
    private static long run(Descriptor writingEnd, String... command) throws Exception {
        Descriptor input = FileIo.openToRead("/dev/zero");
        try {
            long started = System.nanoTime();
            Processes.waitFor(Processes.spawn(List.of(command), List.of(), List.of(input, writingEnd, writingEnd)));
            return (System.nanoTime() - started) / 1_000_000;
        } finally {
            input.close();
        }
    }

    /** Has a process write the bytes, given as for printf(1), into a pipe. */
    private static void print(Descriptor writingEnd, String bytes) throws Exception {
        run(writingEnd, "/usr/bin/printf", bytes);
    }

    /** Has a process print into a pipe of its own, which the pump reads. Returns the milliseconds that it took. */
    private long runAside(Consumer<String> sink, String... command) throws Exception {
        Pipe pipe = Pipe.open();
        try {
            pump.lines(pipe.reading(), sink);
            return run(pipe.writing(), command);
        } finally {
            pipe.writing().close();
        }
    }

    private String line() throws Exception {
        String line = lines.poll(30, TimeUnit.SECONDS);
        return line == null ? "nothing came" : line;
    }

    @Test
    void aPipeWhoseOtherEndSomebodyKeepsCanBeEnded() throws Exception {
        Pipe pipe = Pipe.open();
        try {
            Runnable end = pump.lines(pipe.reading(), lines::add);
            print(pipe.writing(), "a\\nb");
            end.run();
            assertEquals(List.of("a", "b"), List.of(line(), line()));
            assertThrows(LinuxException.class, () -> FileIo.writeByte(pipe.writing()), "nobody reads there any more");
            end.run(); // its number may be another's by now
        } finally {
            pipe.writing().close();
        }
    }

    @Test
    void nothingThatTheReceiverOfOneSandboxThrowsEndsTheOutputOfOthers() throws Exception {
        for (Error error :
                List.of(new OutOfMemoryError("on purpose"), new StackOverflowError(), new AssertionError())) {
            runAside(
                    line -> {
                        throw error;
                    },
                    "/usr/bin/printf",
                    "lost\\n");
        }
        runAside(lines::add, "/usr/bin/printf", "seen\\n");
        assertEquals("seen", line());
    }

    @Test
    void aLineWithoutAnEndIsHandedOnWhenItsSandboxRests() throws Exception {
        Pipe pipe = Pipe.open();
        try {
            OutputPump.Printing printing = pump.lines(pipe.reading(), lines::add);
            print(pipe.writing(), "progress 50 %%");
            String line = null;
            for (int i = 0; i < 1000 && line == null; i++) {
                printing.pause(); // until it has come
                line = lines.poll(10, TimeUnit.MILLISECONDS);
            }
            assertEquals("progress 50 %", line);
        } finally {
            pipe.writing().close();
        }
    }

    /** A leaf answers, and passes on the rest of what it printed after that. */
    @Test
    void whatComesWhileASandboxRestsIsALineAndDoesNotRunIntoTheNextOne() throws Exception {
        Pipe pipe = Pipe.open();
        try {
            OutputPump.Printing printing = pump.lines(pipe.reading(), lines::add);
            printing.pause();
            print(pipe.writing(), "late");
            assertEquals("late", line());
            printing.resume();
            print(pipe.writing(), "next");
            assertEquals(null, lines.poll(100, TimeUnit.MILLISECONDS));
            print(pipe.writing(), " one\\n");
            assertEquals("next one", line());
        } finally {
            pipe.writing().close();
        }
    }

    @Test
    void linesComeWholeAndTheLastOneAtTheEnd() throws Exception {
        Pipe pipe = Pipe.open();
        pump.lines(pipe.reading(), lines::add);
        print(pipe.writing(), "a\\n\\nb");
        print(pipe.writing(), "c\\303");
        print(pipe.writing(), "\\244\\nd");
        pipe.writing().close();
        assertEquals(List.of("a", "", "bcä", "d"), List.of(line(), line(), line(), line()));
    }

    @Test
    void itStopsAtOnceAlsoWhenNobodyPrints() throws Exception {
        OutputPump idle = new OutputPump();
        Pipe pipe = Pipe.open();
        idle.lines(pipe.reading(), lines::add);
        Thread.sleep(50);
        long started = System.nanoTime();
        idle.stop();
        long millis = (System.nanoTime() - started) / 1_000_000;
        pipe.writing().close();
        assertTrue(millis < 500, () -> "it took " + millis + " ms");
    }

    @Test
    void aLineThatDoesNotEndComesInParts() throws Exception {
        Pipe pipe = Pipe.open();
        pump.lines(pipe.reading(), lines::add);
        print(pipe.writing(), "x".repeat(10_000));
        pipe.writing().close();
        assertEquals(8192, line().length());
        assertEquals(10_000 - 8192, line().length());
    }

    @Test
    void ofMuchOutputTheLast64KiBAreCollected() throws Exception {
        Pipe pipe = Pipe.open();
        CompletableFuture<String> all = new CompletableFuture<>();
        pump.collect(pipe.reading(), all::complete);
        print(pipe.writing(), "first" + "x".repeat(60_000));
        print(pipe.writing(), "y".repeat(10_000) + "last");
        pipe.writing().close();
        String text = all.get(30, TimeUnit.SECONDS);
        assertEquals(1 << 16, text.getBytes(StandardCharsets.UTF_8).length);
        assertEquals("x", text.substring(0, 1));
        assertEquals("last", text.substring(text.length() - 4));
    }

    @Test
    void aProcessThatHappensToHoldACopyOfAPipeDoesNotDisturb() throws Exception {
        Pipe pipe = Pipe.open();
        Pipe life = Pipe.open();
        int holder = Processes.spawn(
                List.of("/bin/cat"),
                List.of(),
                List.of(life.reading(), life.writing(), life.writing(), pipe.reading()));
        try {
            pump.lines(pipe.reading(), lines::add);
            print(pipe.writing(), "one");
            pipe.writing().close();
            assertEquals("one", line());
            Pipe next = Pipe.open();
            pump.lines(next.reading(), lines::add);
            print(next.writing(), "two\\n");
            next.writing().close();
            assertEquals("two", line());
        } finally {
            Processes.kill(holder, Signal.KILL);
            Processes.waitFor(holder);
            life.reading().close();
            life.writing().close();
        }
    }

    @Test
    void aFloodWaitsAndWhatIsNotInLinesIsCounted() throws Exception {
        long bytes = 24 << 20;
        long millis = runAside(lines::add, "/usr/bin/head", "-c", Long.toString(bytes));
        assertTrue(millis >= 300, "24 MiB went through in " + millis + " ms");
        long kept = 0;
        long lost = 0;
        while (kept + lost < bytes) { // what was lost is told each second, of which a slow machine needs some
            String line = line();
            if (line.contains("lost")) {
                lost += Long.parseLong(line.substring(1, line.indexOf(' ')));
            } else {
                assertEquals(8192, line.length(), line);
                kept += line.length();
            }
        }
        assertEquals(bytes, kept + lost, "what came and what was lost: " + kept + ", " + lost);
        assertTrue(kept >= 2 << 20, () -> "what can be kept is lost");
        // In each second that has begun so much may come through.
        assertTrue(kept <= (millis / 1000 + 1) * (2 << 20), kept + " in " + millis + " ms");
        runAside(lines::add, "/usr/bin/printf", "others come through");
        assertEquals("others come through", line());
    }

    @Test
    void outputThatCannotBeTakenEndsNobodyElses() throws Exception {
        for (Throwable fault : List.of(new IllegalStateException("broken"), new OutOfMemoryError("full"))) {
            runAside(
                    line -> {
                        if (fault instanceof Error error) {
                            throw error;
                        }
                        throw (RuntimeException) fault;
                    },
                    "/usr/bin/printf",
                    "lost\\n");
            runAside(lines::add, "/usr/bin/printf", "well");
            assertEquals("well", line());
        }
    }
}
