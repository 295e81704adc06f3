package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Linux;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Somebody prints more than anybody can read, or what nobody can take. */
class OutputFloodTest {

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

    /** Has a process write into a pipe that the pump reads; returns the milliseconds that it took. */
    private long print(Consumer<String> sink, String... command) throws Exception {
        int[] pipe = Linux.pipe();
        int nothing = Linux.openToRead("/dev/zero");
        try {
            pump.lines(pipe[0], sink);
            long started = System.nanoTime();
            Linux.waitFor(Linux.spawn(List.of(command), List.of(), nothing, pipe[1], pipe[1]));
            return (System.nanoTime() - started) / 1_000_000;
        } finally {
            Linux.close(pipe[1]);
            Linux.close(nothing);
        }
    }

    private String line() throws Exception {
        String line = lines.poll(10, TimeUnit.SECONDS);
        return line == null ? "nothing" : line;
    }

    @Test
    void a_flood_waits_and_what_is_not_in_lines_is_counted() throws Exception {
        long bytes = 24 << 20;
        long millis = print(lines::add, "/usr/bin/head", "-c", Long.toString(bytes));
        assertTrue(millis >= 300, "24 MiB went through in " + millis + " ms");
        long kept = 0;
        String line = line();
        for (; !line.contains("lost"); line = line()) {
            assertEquals(8192, line.length());
            kept += line.length();
        }
        long lost = Long.parseLong(line.substring(1, line.indexOf(' ')));
        assertEquals(bytes, kept + lost, "what came and what was lost: " + kept + ", " + lost);
        assertEquals(2 << 20, kept, "nothing that can be kept is lost");
        print(lines::add, "/usr/bin/printf", "others come through");
        assertEquals("others come through", line());
    }

    @Test
    void output_that_cannot_be_taken_ends_nobody_elses() throws Exception {
        for (Throwable fault : List.of(new IllegalStateException("broken"), new OutOfMemoryError("full"))) {
            print(line -> {
                if (fault instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) fault;
            }, "/usr/bin/printf", "lost\\n");
            print(lines::add, "/usr/bin/printf", "well");
            assertEquals("well", line());
        }
    }
}
