package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Linux;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * The worker's end of a socket to a process in a sandbox. Any thread may send and close; one at a time may receive.
 *
 * <p>Once {@link #trust} was called, a byte from any other process is an error: a zygote that keeps a copy of its
 * child's channel cannot answer in its name.
 */
final class Channel implements AutoCloseable {

    /** The longest answer a lambda may give. AWS Lambda allows 6 MB. */
    private static final int LONGEST_BODY = 16 << 20;
    /** Room for a body before any of it came: what a header claims may be a lie. */
    private static final int FIRST_ROOM = 1 << 16;
    /** How much of what nobody listened to is kept when the other side goes. */
    private static final int MOST_KEPT = 1 << 18;
    /** In place of a descriptor that is closed. */
    private static final int CLOSED = -1;
    /** How often a wait looks whether its thread was interrupted, in milliseconds. */
    private static final int SLICE = 500;

    private final Descriptor socket;
    private volatile int trusted;
    private byte[] pending = {};
    private int at;
    private int sender;

    /** @param socket this end; owned by the channel from now on */
    Channel(int socket) {
        this.socket = new Descriptor(socket);
    }

    /** For as long as it is open, so is the socket, though the other side be gone. */
    @FunctionalInterface
    interface Use extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Begins something that sends and receives: what the other side says last is heard, and so is how it went.
     *
     * @throws IOException if the channel is closed
     */
    Use use() throws IOException {
        socket.acquire();
        return socket::release;
    }

    /** From now on only this process may be heard here. */
    void trust(int pid) {
        trusted = pid;
    }

    /**
     * Sends all of the data.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which it may take
     * @param descriptors open files to send along
     * @throws TimeoutException if the other side does not take it in time
     * @throws IOException if the other side is gone, or this one is closed
     */
    void send(byte[] data, long deadline, int... descriptors)
            throws IOException, TimeoutException, InterruptedException {
        int fd = socket.acquire();
        try {
            int done = 0;
            while (done < data.length) {
                int sent = done == 0 ? Linux.send(fd, data, 0, descriptors) : Linux.send(fd, data, done);
                if (sent == 0) {
                    Linux.awaitRoom(fd, slice(deadline));
                }
                done += sent;
            }
        } finally {
            socket.release();
        }
    }

    /** Sends one message in the name of another process; the other side must be reading. */
    void sendAs(int pid, byte[] data, long deadline) throws IOException, TimeoutException, InterruptedException {
        int fd = socket.acquire();
        try {
            while (Linux.sendAs(pid, fd, data) == 0) {
                Linux.awaitRoom(fd, slice(deadline));
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
    Linux.Received receivePacket() throws IOException {
        int fd = socket.acquire();
        try {
            while (true) {
                Linux.awaitInput(fd, -1);
                Linux.Received received = Linux.receive(fd);
                if (received != null) {
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
    Frame receive(long deadline) throws IOException, TimeoutException, InterruptedException {
        int fd = socket.acquire();
        try {
            return next(fd, deadline);
        } finally {
            socket.release();
        }
    }

    private Frame next(int fd, long deadline) throws IOException, TimeoutException, InterruptedException {
        while (pending.length - at < Frame.HEADER) {
            fill(fd, deadline);
        }
        int length = (pending[at] & 0xff) << 24
                | (pending[at + 1] & 0xff) << 16
                | (pending[at + 2] & 0xff) << 8
                | pending[at + 3] & 0xff;
        int kind = pending[at + 4];
        at += Frame.HEADER;
        if (length < 0 || length > LONGEST_BODY) {
            throw new MisbehavedException(
                    "an answer of " + Integer.toUnsignedString(length) + " bytes is longer than " + LONGEST_BODY);
        }
        byte[] body = room(Math.min(length, FIRST_ROOM));
        int done = 0;
        while (done < length) {
            if (at == pending.length) {
                fill(fd, deadline);
            }
            if (done == body.length) {
                byte[] larger = room(Math.min(length, 4 * body.length));
                System.arraycopy(body, 0, larger, 0, done);
                body = larger;
            }
            int part = Math.min(body.length - done, pending.length - at);
            System.arraycopy(pending, at, body, done, part);
            at += part;
            done += part;
        }
        return new Frame(kind, body, sender);
    }

    /** A worker that is short of memory fails the call whose answer is too large for it, and no other. */
    private static byte[] room(int bytes) throws IOException {
        try {
            return new byte[bytes];
        } catch (OutOfMemoryError e) {
            throw new IOException(
                    "the worker has no memory left for an answer of " + bytes
                            + " bytes: let lambdas answer with less, or give its Java more (ZYGOTES_JAVA_OPTS=-Xmx…)",
                    e);
        }
    }

    /** Whether something came that nobody has received yet; not whether the other side is gone. Does not wait. */
    boolean hasUnread() throws IOException {
        if (at < pending.length) {
            return true;
        }
        int fd = socket.acquire();
        try {
            return Linux.hasInput(fd);
        } finally {
            socket.release();
        }
    }

    /** Whether the other side has not read all that was sent; false if that cannot be known any more. */
    boolean isUnread() {
        try {
            int fd = socket.acquire();
            try {
                return Linux.unread(fd) > 0;
            } finally {
                socket.release();
            }
        } catch (IOException e) {
            return false;
        }
    }

    private void fill(int fd, long deadline) throws IOException, TimeoutException, InterruptedException {
        Linux.Received received;
        do { // waits first: hardly anything is here when somebody begins to listen
            Linux.awaitInput(fd, slice(deadline));
            received = Linux.receive(fd);
        } while (received == null);
        take(received);
    }

    private void take(Linux.Received received) throws IOException {
        if (received.data().length == 0) {
            throw new EOFException("the process closed its channel");
        }
        if (trusted != 0 && received.pid() != trusted) {
            throw new MisbehavedException(
                    "process " + received.pid() + " spoke on the channel of process " + trusted + ": refused");
        }
        if (received.hadDescriptors()) {
            throw new MisbehavedException(
                    "process " + received.pid() + " sent open files, which nobody asked for: refused");
        }
        sender = received.pid();
        int left = pending.length - at;
        byte[] joined = new byte[left + received.data().length];
        System.arraycopy(pending, at, joined, 0, left);
        System.arraycopy(received.data(), 0, joined, left, received.data().length);
        pending = joined;
        at = 0;
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
    void otherSideGone() {
        socket.closeIfUnused(this::keep);
    }

    /** The next frame that came and was not received, if all of it did; closed or not. Does not wait. */
    Optional<Frame> lastWords() {
        try {
            int fd = socket.acquire();
            try {
                keep(fd);
            } finally {
                socket.release();
            }
        } catch (ClosedChannelException e) {
            // What came was kept then.
        }
        try {
            return Optional.of(next(CLOSED, System.nanoTime()));
        } catch (IOException | TimeoutException e) {
            return Optional.empty(); // not all of it came
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private void keep(int fd) {
        try {
            Linux.Received received;
            while (pending.length < MOST_KEPT && (received = Linux.receive(fd)) != null) {
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
