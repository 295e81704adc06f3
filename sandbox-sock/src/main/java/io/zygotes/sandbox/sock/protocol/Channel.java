package io.zygotes.sandbox.sock.protocol;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Messages;
import io.zygotes.sandbox.sock.linux.Poll;
import io.zygotes.sandbox.sock.linux.Sockets;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * The worker's end of a socket to a process in a sandbox. Any thread may send and close; one at a time may receive.
 *
 * <p>Once {@link #trust} was called, a byte from any other process is an error: a zygote that keeps a copy of its
 * child's channel cannot answer in its name.
 */
public final class Channel implements AutoCloseable {

    /** How much of what nobody listened to is kept when the other side goes. */
    private static final int MOST_KEPT = 1 << 18;
    /** How often a wait looks whether its thread was interrupted, in milliseconds. */
    private static final int SLICE = 500;

    final Descriptor socket;
    private final UnaskedFiles unasked;
    private final FrameReader frames = new FrameReader();
    private volatile int trusted;

    /**
     * @param socket this end; owned by the channel from now on
     * @param unasked gets open files that the other side sends
     */
    public Channel(Descriptor socket, UnaskedFiles unasked) {
        this.socket = socket;
        this.unasked = unasked;
        socket.atEnd(this::drain);
    }

    /** For as long as it is open, so is the socket, though the other side be gone. */
    @FunctionalInterface
    public interface Use extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Begins something that sends and receives: what the other side says last is heard, and so is how it went.
     *
     * @throws IOException if the channel is closed
     */
    public Use use() throws IOException {
        socket.acquire();
        return socket::release;
    }

    /** From now on only this process may be heard here. */
    public void trust(int pid) {
        trusted = pid;
    }

    /** As {@link #send(byte[], long, List)}, without open files. */
    public void send(byte[] data, long deadline) throws IOException, TimeoutException, InterruptedException {
        send(data, deadline, List.of());
    }

    /**
     * Sends all of the data.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which it may take
     * @param along open files to send along; they stay open here
     * @throws TimeoutException if the other side does not take it in time
     * @throws IOException if the other side is gone, or this one is closed
     */
    public void send(byte[] data, long deadline, List<Descriptor> along)
            throws IOException, TimeoutException, InterruptedException {
        socket.acquire();
        try {
            int done = 0;
            while (done < data.length) {
                int sent = Messages.send(socket, data, done, done == 0 ? along : List.of());
                if (sent == 0) {
                    Poll.awaitRoom(socket, slice(deadline));
                }
                done += sent;
            }
        } finally {
            socket.release();
        }
    }

    /** Sends one message in the name of another process; the other side must be reading. */
    void sendAs(int pid, byte[] data, long deadline) throws IOException, TimeoutException, InterruptedException {
        socket.acquire();
        try {
            while (Messages.sendAs(pid, socket, data) == 0) {
                Poll.awaitRoom(socket, slice(deadline));
            }
        } finally {
            socket.release();
        }
    }

    /**
     * Takes one packet of a SOCK_SEQPACKET socket.
     *
     * @return the packet; its data is empty at the end
     */
    Messages.Received receivePacket() throws IOException {
        socket.acquire();
        try {
            while (true) {
                Poll.awaitInput(socket, -1);
                Messages.Received received = Messages.receive(socket);
                if (received != null) {
                    dispose(received);
                    return received;
                }
            }
        } finally {
            socket.release();
        }
    }

    /**
     * Waits for the next frame.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which to wait
     * @throws EOFException if the other side is gone
     * @throws TimeoutException if nothing came in time
     * @throws IOException if another process speaks here, the frame is too long, or the channel is closed
     */
    public Frame receive(long deadline) throws IOException, TimeoutException, InterruptedException {
        socket.acquire();
        try {
            return frames.next(() -> fill(deadline));
        } finally {
            socket.release();
        }
    }

    /** Whether something came that nobody has received yet; not whether the other side is gone. Does not wait. */
    public boolean hasUnread() throws IOException {
        return frames.length() > 0 || Poll.hasInput(socket);
    }

    /** Whether the other side has not read all that was sent; false if that cannot be known any more. */
    public boolean isUnread() {
        try {
            return Sockets.unread(socket) > 0;
        } catch (IOException e) {
            return false;
        }
    }

    private void fill(long deadline) throws IOException, TimeoutException, InterruptedException {
        Messages.Received received;
        do { // waits first: hardly anything is here when somebody begins to listen
            Poll.awaitInput(socket, slice(deadline));
            received = Messages.receive(socket);
        } while (received == null);
        take(received);
    }

    private void take(Messages.Received received) throws IOException {
        dispose(received);
        if (received.data().length == 0) {
            throw new EOFException("the process closed its channel");
        }
        if (trusted != 0 && received.pid() != trusted) {
            throw new MisbehavedException(
                    "process " + received.pid() + " spoke on the channel of process " + trusted + ": refused");
        }
        if (!received.descriptors().isEmpty()) {
            throw new MisbehavedException(
                    "process " + received.pid() + " sent open files, which nobody asked for: refused");
        }
        frames.add(received.data(), received.pid());
    }

    private void dispose(Messages.Received received) {
        if (!received.descriptors().isEmpty()) {
            unasked.dispose(received.descriptors());
        }
    }

    /**
     * Open files that are in the socket when it is closed would be closed by the kernel, on the thread that does it.
     */
    private void drain() {
        try {
            Sockets.shutdown(socket);
            Messages.Received received = Messages.receive(socket);
            while (received != null && received.data().length > 0) {
                dispose(received);
                received = Messages.receive(socket);
            }
        } catch (IOException e) {
            // The socket was never connected, or its other side is gone: nothing is in it.
        }
    }

    private static int slice(long deadline) throws TimeoutException, InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            throw new TimeoutException();
        }
        return (int) Math.min(SLICE, left / 1_000_000 + 1);
    }

    /** The other side is gone. Whoever is reading gets to its last words; without a reader they are kept. */
    public void otherSideGone() {
        socket.closeIfUnused(this::keep);
    }

    /** The next frame that came and was not received, if all of it did; closed or not. Does not wait. */
    public Optional<Frame> lastWords() {
        try {
            socket.acquire();
            try {
                keep();
            } finally {
                socket.release();
            }
        } catch (ClosedChannelException e) {
            // What came was kept then.
        }
        try {
            return Optional.of(frames.next(() -> {
                throw new EOFException("not all of it came");
            }));
        } catch (IOException | TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private void keep() {
        try {
            Messages.Received received;
            while (frames.length() < MOST_KEPT && (received = Messages.receive(socket)) != null) {
                take(received);
            }
        } catch (IOException e) {
            // That was all.
        }
    }

    /** Closes it; a thread that waits in {@link #receive} gets an exception. */
    @Override
    public void close() {
        socket.close();
    }
}
