package io.zygotes.sandbox.sock.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.linux.Messages;
import io.zygotes.sandbox.sock.linux.Pipe;
import io.zygotes.sandbox.sock.linux.Poll;
import io.zygotes.sandbox.sock.linux.Processes;
import io.zygotes.sandbox.sock.linux.SocketPair;
import io.zygotes.sandbox.sock.linux.Sockets;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
    private Descriptor sandboxSocket;
    private final List<Descriptor> unasked = new ArrayList<>();

    @BeforeEach
    void connect() throws Exception {
        SocketPair sockets = Sockets.pair(Sockets.Type.STREAM);
        Sockets.passCredentials(sockets.ours());
        worker = new Channel(sockets.ours(), unasked::addAll);
        sandbox = new Channel(sockets.theirs(), unasked::addAll);
        sandboxSocket = sockets.theirs();
    }

    @AfterEach
    void close() {
        worker.close();
        sandbox.close();
        unasked.forEach(Descriptor::close);
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
    void framesThatComeAtOnceAreToldApart() throws Exception {
        byte[] both = new byte[5 + 5 + 5];
        System.arraycopy(Frame.encode(Protocol.FRAME_READY, bytes("hello")), 0, both, 0, 10);
        System.arraycopy(Frame.encode(Protocol.FRAME_HELLO, new byte[0]), 0, both, 10, 5);
        sandbox.send(both, in(20_000));
        Frame first = worker.receive(in(20_000));
        assertEquals(Protocol.FRAME_READY, first.kind());
        assertArrayEquals(bytes("hello"), first.body());
        assertEquals(MYSELF, first.pid());
        Frame second = worker.receive(in(20_000));
        assertEquals(Protocol.FRAME_HELLO, second.kind());
        assertEquals(0, second.body().length);
    }

    @Test
    void aFrameMayComeByteByByte() throws Exception {
        CompletableFuture<byte[]> received = CompletableFuture.supplyAsync(this::body);
        for (byte b : Frame.encode(Protocol.FRAME_REPLY, bytes("slow"))) {
            assertFalse(received.isDone());
            Thread.sleep(2);
            sandbox.send(new byte[] {b}, in(20_000));
        }
        assertArrayEquals(bytes("slow"), received.get(20, TimeUnit.SECONDS));
    }

    @Test
    void aLargeBodyComesWholeWhileItIsSent() throws Exception {
        byte[] body = new byte[6 << 20];
        new Random(1).nextBytes(body);
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                sandbox.send(Frame.encode(Protocol.FRAME_REPLY, body), in(20_000));
            } catch (IOException | TimeoutException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertArrayEquals(body, worker.receive(in(20_000)).body());
        sent.get(20, TimeUnit.SECONDS);
    }

    @Test
    void anAnswerThatIsTooLongIsRefusedBeforeItIsRead() throws Exception {
        sandbox.send(new byte[] {1, 0, 0, 1, Protocol.FRAME_REPLY}, in(20_000)); // 16 MiB and 1 byte
        assertThrows(IOException.class, () -> worker.receive(in(20_000)));
    }

    @Test
    void aLengthBeyond2GiBIsNotTakenForANegativeOne() throws Exception {
        sandbox.send(new byte[] {(byte) 0xff, 0, 0, 0, Protocol.FRAME_REPLY}, in(20_000));
        IOException e = assertThrows(IOException.class, () -> worker.receive(in(20_000)));
        assertTrue(e.getMessage().contains("4278190080"), e.getMessage());
    }

    @Test
    void whatWasSentUnaskedIsSeenBeforeTheNextCallAndTheEndOfTheOtherSideIsNotTakenForIt() throws Exception {
        assertFalse(worker.hasUnread());
        sandbox.send(Frame.encode(Protocol.FRAME_REPLY, bytes("asked")), in(20_000));
        worker.receive(in(20_000));
        assertFalse(worker.hasUnread());
        byte[] twice = new byte[20];
        System.arraycopy(Frame.encode(Protocol.FRAME_REPLY, bytes("asked")), 0, twice, 0, 10);
        System.arraycopy(Frame.encode(Protocol.FRAME_REPLY, bytes("twice")), 0, twice, 10, 10);
        sandbox.send(twice, in(20_000));
        assertTrue(worker.hasUnread());
        worker.receive(in(20_000));
        assertTrue(worker.hasUnread());
        worker.receive(in(20_000));
        sandbox.close();
        assertFalse(worker.hasUnread());
    }

    @Test
    void openFilesAreNotTaken() throws Exception {
        Pipe pipe = Pipe.open();
        Messages.send(
                sandboxSocket,
                Frame.encode(Protocol.FRAME_REPLY, bytes("here")),
                0,
                List.of(pipe.reading(), pipe.writing()));
        IOException e = assertThrows(IOException.class, () -> worker.receive(in(20_000)));
        assertTrue(e.getMessage().contains("open files"), e.getMessage());
        assertEquals(2, unasked.size());
        pipe.writing().close();
        pipe.reading().close();
    }

    @Test
    void openFilesThatNobodyReceivedAreNotLeftToTheOneWhoClosesTheChannel() throws Exception {
        Pipe pipe = Pipe.open();
        for (int i = 0; i < 5; i++) {
            Messages.send(sandboxSocket, new byte[30_000], 0, List.of(pipe.writing()));
        }
        pipe.writing().close();
        sandbox.close();
        worker.otherSideGone(); // keeps some of what it said
        worker.close();

        assertEquals(5, unasked.size());
        assertFalse(Poll.hasInput(pipe.reading()), "they are closed");
        unasked.forEach(Descriptor::close);
        assertTrue(Poll.awaitInput(pipe.reading(), 20_000), "a copy is open");
        assertEquals(0, FileIo.read(pipe.reading()).length);
        pipe.reading().close();
    }

    @Test
    void whereTheKernelCanItRefusesOpenFilesToTheirSender() throws Exception {
        SocketPair sockets = Sockets.pair(Sockets.Type.STREAM);
        Sockets.refuseDescriptors(sockets.ours());
        try {
            Messages.send(sockets.theirs(), bytes("x"), 0, List.of(sockets.theirs()));
            assertEquals(1, Messages.receive(sockets.ours()).descriptors().size(), "it neither came nor was refused");
        } catch (LinuxException e) {
            assertEquals(1, e.errno(), e.getMessage());
        } finally {
            sockets.ours().close();
            sockets.theirs().close();
        }
    }

    @Test
    void theEndOfTheOtherSideIsToldFromSilence() throws Exception {
        assertThrows(TimeoutException.class, () -> worker.receive(in(20)));
        sandbox.send(new byte[] {0, 0, 0, 9, Protocol.FRAME_REPLY, 'x'}, in(20_000));
        assertThrows(TimeoutException.class, () -> worker.receive(in(20)));
        sandbox.close();
        assertThrows(EOFException.class, () -> worker.receive(in(20_000)));
    }

    @Test
    void aSideThatDoesNotReadIsNotWaitedForBeyondTheDeadline() {
        assertThrows(TimeoutException.class, () -> sandbox.send(new byte[8 << 20], in(50)));
    }

    @Test
    void aThreadThatWaitsIsWokenWhenTheChannelIsClosed() throws Exception {
        CompletableFuture<Throwable> waiting = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform()
                .start(() -> waiting.complete(assertThrows(IOException.class, () -> worker.receive(in(30_000)))));
        Thread.sleep(50);
        worker.close();
        assertTrue(waiting.get(20, TimeUnit.SECONDS) instanceof IOException);
        thread.join();
        assertThrows(IOException.class, () -> worker.receive(in(20_000)));
        assertThrows(IOException.class, () -> worker.send(new byte[1], in(20_000)));
    }

    @Test
    void aThreadThatWaitsCanBeInterrupted() throws Exception {
        Thread.currentThread().interrupt();
        assertThrows(InterruptedException.class, () -> worker.receive(in(30_000)));
    }

    @Test
    void onlyTheTrustedProcessIsHeard() throws Exception {
        worker.trust(MYSELF);
        sandbox.send(Frame.encode(Protocol.FRAME_HELLO, new byte[0]), in(20_000));
        assertEquals(Protocol.FRAME_HELLO, worker.receive(in(20_000)).kind());
        int other = Processes.spawn(
                List.of("/usr/bin/printf", "\\0\\0\\0\\1\\014x"),
                List.of(),
                List.of(sandboxSocket, sandboxSocket, sandboxSocket));
        Processes.waitFor(other);
        IOException e = assertThrows(IOException.class, () -> worker.receive(in(20_000)));
        assertEquals("process " + other + " spoke on the channel of process " + MYSELF + ": refused", e.getMessage());
    }

    @Test
    void aFrameThatTwoProcessesWroteTogetherIsRefused() throws Exception {
        worker.trust(MYSELF);
        sandbox.send(new byte[] {0, 0, 0, 1, Protocol.FRAME_REPLY}, in(20_000));
        Processes.waitFor(Processes.spawn(
                List.of("/usr/bin/printf", "x"), List.of(), List.of(sandboxSocket, sandboxSocket, sandboxSocket)));
        assertThrows(IOException.class, () -> worker.receive(in(20_000)));
    }
}
