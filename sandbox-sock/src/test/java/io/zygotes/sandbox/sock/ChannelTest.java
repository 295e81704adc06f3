package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChannelTest {

    private static final int MYSELF = (int) ProcessHandle.current().pid();

    private Channel worker;
    private Channel sandbox;
    private int sandboxSocket;

    @BeforeEach
    void connect() throws Exception {
        int[] sockets = Linux.socketPair(Linux.SOCK_STREAM);
        Linux.passCredentials(sockets[0]);
        worker = new Channel(sockets[0]);
        sandbox = new Channel(sockets[1]);
        sandboxSocket = sockets[1];
    }

    @AfterEach
    void close() {
        worker.close();
        sandbox.close();
    }

    private static long in(int millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private byte[] body() {
        try {
            return worker.receive(in(20_000)).body();
        } catch (IOException | TimeoutException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void frames_that_come_at_once_are_told_apart() throws Exception {
        byte[] both = new byte[5 + 5 + 5];
        System.arraycopy(Frame.encode(Frame.READY, bytes("hello")), 0, both, 0, 10);
        System.arraycopy(Frame.encode(Frame.HELLO, new byte[0]), 0, both, 10, 5);
        sandbox.send(both, in(1000));
        Frame first = worker.receive(in(1000));
        assertEquals(Frame.READY, first.kind());
        assertArrayEquals(bytes("hello"), first.body());
        assertEquals(MYSELF, first.pid());
        Frame second = worker.receive(in(1000));
        assertEquals(Frame.HELLO, second.kind());
        assertEquals(0, second.body().length);
    }

    @Test
    void a_frame_may_come_byte_by_byte() throws Exception {
        CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(this::body);
        for (byte b : Frame.encode(Frame.REPLY, bytes("slow"))) {
            assertFalse(received.isDone());
            Thread.sleep(2);
            sandbox.send(new byte[] {b}, in(1000));
        }
        assertArrayEquals(bytes("slow"), received.get(5, TimeUnit.SECONDS));
    }

    @Test
    void a_large_body_comes_whole_while_it_is_sent() throws Exception {
        byte[] body = new byte[6 << 20];
        new Random(1).nextBytes(body);
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                sandbox.send(Frame.encode(Frame.REPLY, body), in(20_000));
            } catch (IOException | TimeoutException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertArrayEquals(body, worker.receive(in(20_000)).body());
        sent.get(1, TimeUnit.SECONDS);
    }

    @Test
    void an_answer_that_is_too_long_is_refused_before_it_is_read() throws Exception {
        sandbox.send(new byte[] {1, 0, 0, 1, Frame.REPLY}, in(1000)); // 16 MiB and 1 byte
        assertThrows(IOException.class, () -> worker.receive(in(1000)));
    }

    @Test
    void a_length_beyond_2_GiB_is_not_taken_for_a_negative_one() throws Exception {
        sandbox.send(new byte[] {(byte) 0xff, 0, 0, 0, Frame.REPLY}, in(1000));
        var e = assertThrows(IOException.class, () -> worker.receive(in(1000)));
        assertTrue(e.getMessage().contains("4278190080"), e.getMessage());
    }

    @Test
    void what_was_sent_unasked_is_seen_before_the_next_call_and_the_end_of_the_other_side_is_not_taken_for_it()
            throws Exception {
        assertFalse(worker.hasUnread());
        sandbox.send(Frame.encode(Frame.REPLY, bytes("asked")), in(1000));
        worker.receive(in(1000));
        assertFalse(worker.hasUnread());
        byte[] twice = new byte[20];
        System.arraycopy(Frame.encode(Frame.REPLY, bytes("asked")), 0, twice, 0, 10);
        System.arraycopy(Frame.encode(Frame.REPLY, bytes("twice")), 0, twice, 10, 10);
        sandbox.send(twice, in(1000));
        assertTrue(worker.hasUnread());
        worker.receive(in(1000));
        assertTrue(worker.hasUnread());
        worker.receive(in(1000));
        sandbox.close();
        assertFalse(worker.hasUnread());
    }

    @Test
    void open_files_are_not_taken() throws Exception {
        int[] pipe = Linux.pipe();
        Linux.send(sandboxSocket, Frame.encode(Frame.REPLY, bytes("here")), 0, pipe[0], pipe[1]);
        var e = assertThrows(IOException.class, () -> worker.receive(in(1000)));
        assertTrue(e.getMessage().contains("open files"), e.getMessage());
        Linux.close(pipe[1]);
        // The other copy of its writing end is closed, too, on another thread.
        assertTrue(Linux.awaitInput(pipe[0], 5000), "a copy is open");
        assertEquals(0, Linux.read(pipe[0]).length);
        Linux.close(pipe[0]);
    }

    @Test
    void where_the_kernel_can_it_refuses_open_files_to_their_sender() throws Exception {
        int[] sockets = Linux.socketPair(Linux.SOCK_STREAM);
        Linux.refuseDescriptors(sockets[0]);
        try {
            Linux.send(sockets[1], bytes("x"), 0, sockets[1]);
            assertTrue(Linux.receive(sockets[0]).hadDescriptors(), "it neither came nor was refused");
        } catch (LinuxException e) {
            assertEquals(1, e.errno(), e.getMessage());
        } finally {
            Linux.close(sockets[0]);
            Linux.close(sockets[1]);
        }
    }

    @Test
    void the_end_of_the_other_side_is_told_from_silence() throws Exception {
        assertThrows(TimeoutException.class, () -> worker.receive(in(20)));
        sandbox.send(new byte[] {0, 0, 0, 9, Frame.REPLY, 'x'}, in(1000));
        assertThrows(TimeoutException.class, () -> worker.receive(in(20)));
        sandbox.close();
        assertThrows(EOFException.class, () -> worker.receive(in(1000)));
    }

    @Test
    void a_side_that_does_not_read_is_not_waited_for_beyond_the_deadline() {
        assertThrows(TimeoutException.class, () -> sandbox.send(new byte[8 << 20], in(50)));
    }

    @Test
    void a_thread_that_waits_is_woken_when_the_channel_is_closed() throws Exception {
        CompletableFuture<Throwable> waiting = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform()
                .start(() -> waiting.complete(assertThrows(IOException.class, () -> worker.receive(in(30_000)))));
        Thread.sleep(50);
        worker.close();
        assertTrue(waiting.get(5, TimeUnit.SECONDS) instanceof IOException);
        thread.join();
        assertThrows(IOException.class, () -> worker.receive(in(1000)));
        assertThrows(IOException.class, () -> worker.send(new byte[1], in(1000)));
    }

    @Test
    void a_thread_that_waits_can_be_interrupted() throws Exception {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> worker.receive(in(30_000)));
    }

    @Test
    void only_the_trusted_process_is_heard() throws Exception {
        worker.trust(MYSELF);
        sandbox.send(Frame.encode(Frame.HELLO, new byte[0]), in(1000));
        assertEquals(Frame.HELLO, worker.receive(in(1000)).kind());
        int other = Linux.spawn(
                List.of("/usr/bin/printf", "\\0\\0\\0\\1\\014x"),
                List.of(),
                sandboxSocket,
                sandboxSocket,
                sandboxSocket);
        Linux.waitFor(other);
        var e = assertThrows(IOException.class, () -> worker.receive(in(1000)));
        assertEquals("process " + other + " spoke on the channel of process " + MYSELF + ": refused", e.getMessage());
    }

    @Test
    void a_frame_that_two_processes_wrote_together_is_refused() throws Exception {
        worker.trust(MYSELF);
        sandbox.send(new byte[] {0, 0, 0, 1, Frame.REPLY}, in(1000));
        Linux.waitFor(
                Linux.spawn(List.of("/usr/bin/printf", "x"), List.of(), sandboxSocket, sandboxSocket, sandboxSocket));
        assertThrows(IOException.class, () -> worker.receive(in(1000)));
    }
}
