package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Linux;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * A small file of /proc or /sys that is read or written again and again. It is opened once: the way along a path costs more
 * than what is read or written there. Safe for use by many threads.
 */
final class KernelFile implements AutoCloseable {

    private final String path;
    private final boolean forReading;
    private Descriptor file;
    private boolean closed;

    private KernelFile(String path, boolean forReading) {
        this.path = path;
        this.forReading = forReading;
    }

    /** One that is read; it is opened when that is done first. */
    static KernelFile toRead(String path) {
        return new KernelFile(path, true);
    }

    /** One that is written to; it is opened when that is done first. */
    static KernelFile toWrite(String path) {
        return new KernelFile(path, false);
    }

    /** Opens it now, if it is not open. */
    synchronized void open() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (file == null) {
            file = new Descriptor(forReading ? Linux.openToRead(path) : Linux.openToWrite(path));
        }
    }

    /** Something that is done with the open file. */
    @FunctionalInterface
    private interface Use<T> {
        T of(int descriptor) throws IOException;
    }

    /** Only the end of this object is in its way, no rest. */
    private <T> T use(Use<T> use) throws IOException {
        Descriptor opened;
        int descriptor;
        synchronized (this) {
            open();
            opened = file;
            descriptor = opened.acquire();
        }
        try {
            return use.of(descriptor);
        } finally {
            opened.release();
        }
    }

    /**
     * What it says now, at most 64 KiB of it; empty if what it tells of is gone.
     *
     * @throws IOException if it cannot be read, for want of open files for example
     */
    String read() throws IOException {
        try {
            return use(descriptor -> Linux.readAgain(descriptor, path));
        } catch (ClosedChannelException e) {
            return "";
        } catch (LinuxException e) {
            if (e.errno() == LinuxException.ENOENT || e.errno() == LinuxException.ENODEV) {
                return "";
            }
            throw e;
        }
    }

    /** Writes a short text in one call. */
    void write(String text) throws IOException {
        use(descriptor -> {
            Linux.write(descriptor, path, text);
            return null;
        });
    }

    /** Closes it until it is used again. */
    synchronized void rest() {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        rest();
    }
}
