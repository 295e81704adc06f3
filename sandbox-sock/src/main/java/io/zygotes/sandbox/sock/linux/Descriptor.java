package io.zygotes.sandbox.sock.linux;

import java.nio.channels.ClosedChannelException;
import java.util.function.IntConsumer;

/**
 * A file descriptor that may be closed while other threads use it: the number is given back to the kernel only when
 * the last of them is done, so that it cannot come to mean another file under their hands.
 */
public final class Descriptor implements AutoCloseable {

    private final int number;
    private int users;
    private boolean closed;

    /** @param number an open descriptor; owned by this object from now on */
    public Descriptor(int number) {
        this.number = number;
    }

    /**
     * The number, for use until {@link #release}.
     *
     * @throws ClosedChannelException if it was closed
     */
    public synchronized int acquire() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        users++;
        return number;
    }

    /** Ends a use that {@link #acquire} began. */
    public synchronized void release() {
        users--;
        if (closed && users == 0) {
            Linux.close(number);
        }
    }

    /**
     * Closes it unless a thread is using it: that one reads what has come to the socket, and then its end.
     *
     * @param before what is done with the number before it is closed
     */
    public synchronized void closeIfUnused(IntConsumer before) {
        if (users == 0) {
            if (!closed) {
                before.accept(number);
            }
            close();
        } else if (!closed) {
            Linux.shutdownReading(number);
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
            Linux.close(number);
        } else {
            Linux.shutdown(number);
        }
    }
}
