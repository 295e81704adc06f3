package io.zygotes.sandbox.sock.linux;

import java.nio.channels.ClosedChannelException;

/**
 * An open file, which may be closed while other threads use it: the number is given back to the kernel only when the
 * last of them is done, so that it cannot come to mean another file under their hands. Closing twice does nothing.
 */
public final class Descriptor implements AutoCloseable {

    private final int number;
    private int users;
    private boolean closed;
    private Runnable last = () -> {};

    /** @param number an open descriptor; owned by this object from now on */
    Descriptor(int number) {
        this.number = number;
    }

    /** The number, for a path in /proc: whoever uses it sees to it that nobody closes this meanwhile. */
    int number() {
        return number;
    }

    /**
     * Begins a use: until {@link #release} every call on it goes to the open file, also after it was closed.
     *
     * @throws ClosedChannelException if it was closed
     */
    public synchronized void acquire() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        users++;
    }

    /** Ends a use that {@link #acquire} began. */
    public synchronized void release() {
        users--;
        if (closed && users == 0) {
            end();
        }
    }

    /**
     * What is done with it as the last thing, just before the kernel closes it: at once, or when the last use ends.
     *
     * @param action may use it, must not wait
     */
    public synchronized void atEnd(Runnable action) {
        last = action;
    }

    private void end() {
        users++;
        try {
            last.run();
        } finally {
            users--;
            Native.close(number);
        }
    }

    /**
     * Begins one call. Ended by {@link #release}.
     *
     * @return the number
     * @throws ClosedChannelException if it was closed and nobody is in the middle of a use
     */
    synchronized int enter() throws ClosedChannelException {
        if (closed && users == 0) {
            throw new ClosedChannelException();
        }
        users++;
        return number;
    }

    /**
     * Closes it unless a thread is using it: that one reads what has come to the socket, and then its end.
     *
     * @param before what is done with it before it is closed
     */
    public synchronized void closeIfUnused(Runnable before) {
        if (users == 0) {
            if (!closed) {
                before.run();
            }
            close();
        } else if (!closed) {
            Sockets.shutdownReading(number);
        }
    }

    /** Closes it. Threads that wait on it as a socket wake up and see the end. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (users == 0) {
            end();
        } else {
            Sockets.shutdown(number);
        }
    }
}
