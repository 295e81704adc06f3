package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
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
    private static long run(int writingEnd, String... command) throws Exception {
        int input = Linux.openToRead("/dev/zero");
        try {
            long started = System.nanoTime();
            Linux.waitFor(Linux.spawn(List.of(command), List.of(), input, writingEnd, writingEnd));
            return (System.nanoTime() - started) / 1_000_000;
        } finally {
            Linux.close(input);
        }
    }

    /** Has a process write the bytes, given as for printf(1), into a pipe. */
    private static void print(int writingEnd, String bytes) throws Exception {
        run(writingEnd, "/usr/bin/printf", bytes);
    }

    /** Has a process print into a pipe of its own, which the pump reads. Returns the milliseconds that it took. */
    private long runAside(Consumer<String> sink, String... command) throws Exception {
        int[] pipe = Linux.pipe();
        try {
            pump.lines(pipe[0], sink);
            return run(pipe[1], command);
        } finally {
            Linux.close(pipe[1]);
        }
    }

    private String line() throws Exception {
        String line = lines.poll(10, TimeUnit.SECONDS);
        return line == null ? "nothing came" : line;
    }

    @Test
    void a_pipe_whose_other_end_somebody_keeps_can_be_ended() throws Exception {
        int[] pipe = Linux.pipe();
        try {
            Runnable end = pump.lines(pipe[0], lines::add);
            print(pipe[1], "a\\nb");
            end.run();
            assertEquals(List.of("a", "b"), List.of(line(), line()));
            assertThrows(LinuxException.class, () -> Linux.writeByte(pipe[1]), "nobody reads there any more");
            end.run(); // its number may be another's by now
        } finally {
            Linux.close(pipe[1]);
        }
    }

    @Test
    void lines_come_whole_and_the_last_one_at_the_end() throws Exception {
        int[] pipe = Linux.pipe();
        pump.lines(pipe[0], lines::add);
        print(pipe[1], "a\\n\\nb");
        print(pipe[1], "c\\303");
        print(pipe[1], "\\244\\nd");
        Linux.close(pipe[1]);
        assertEquals(List.of("a", "", "bcä", "d"), List.of(line(), line(), line(), line()));
    }

    @Test
    void it_stops_at_once_also_when_nobody_prints() throws Exception {
        OutputPump idle = new OutputPump();
        int[] pipe = Linux.pipe();
        idle.lines(pipe[0], lines::add);
        Thread.sleep(50);
        long started = System.nanoTime();
        idle.stop();
        long millis = (System.nanoTime() - started) / 1_000_000;
        Linux.close(pipe[1]);
        assertTrue(millis < 500, () -> "it took " + millis + " ms");
    }

    @Test
    void a_line_that_does_not_end_comes_in_parts() throws Exception {
        int[] pipe = Linux.pipe();
        pump.lines(pipe[0], lines::add);
        print(pipe[1], "x".repeat(10_000));
        Linux.close(pipe[1]);
        assertEquals(8192, line().length());
        assertEquals(10_000 - 8192, line().length());
    }

    @Test
    void of_much_output_the_last_64_KiB_are_collected() throws Exception {
        int[] pipe = Linux.pipe();
        CompletableFuture<String> all = new CompletableFuture<>();
        pump.collect(pipe[0], all::complete);
        print(pipe[1], "first" + "x".repeat(60_000));
        print(pipe[1], "y".repeat(10_000) + "last");
        Linux.close(pipe[1]);
        String text = all.get(10, TimeUnit.SECONDS);
        assertEquals(1 << 16, text.getBytes(StandardCharsets.UTF_8).length);
        assertEquals("x", text.substring(0, 1));
        assertEquals("last", text.substring(text.length() - 4));
    }

    @Test
    void a_process_that_happens_to_hold_a_copy_of_a_pipe_does_not_disturb() throws Exception {
        int[] pipe = Linux.pipe();
        int[] life = Linux.pipe();
        int holder = Linux.spawn(List.of("/bin/cat"), List.of(), life[0], life[1], life[1], pipe[0]);
        try {
            pump.lines(pipe[0], lines::add);
            print(pipe[1], "one");
            Linux.close(pipe[1]);
            assertEquals("one", line());
            int[] next = Linux.pipe();
            pump.lines(next[0], lines::add);
            print(next[1], "two\\n");
            Linux.close(next[1]);
            assertEquals("two", line());
        } finally {
            Linux.kill(holder, Linux.SIGKILL);
            Linux.waitFor(holder);
            Linux.close(life[0]);
            Linux.close(life[1]);
        }
    }

    @Test
    void a_flood_waits_and_what_is_not_in_lines_is_counted() throws Exception {
        long bytes = 24 << 20;
        long millis = runAside(lines::add, "/usr/bin/head", "-c", Long.toString(bytes));
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
        runAside(lines::add, "/usr/bin/printf", "others come through");
        assertEquals("others come through", line());
    }

    @Test
    void output_that_cannot_be_taken_ends_nobody_elses() throws Exception {
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
