package io.zygotes.sandbox.sock.cgroup;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * A small file of /proc or /sys that is read or written again and again. It is opened once: the way along a path costs
 * more than what is read or written there. Safe for use by many threads.
 */
public final class KernelFile implements AutoCloseable {

    private final String path;
    private final boolean forReading;
    private Descriptor file;
    private boolean closed;

    private KernelFile(String path, boolean forReading) {
        this.path = path;
        this.forReading = forReading;
    }

    /** One that is read; it is opened when that is done first. */
    public static KernelFile toRead(String path) {
        return new KernelFile(path, true);
    }

    /** One that is written to; it is opened when that is done first. */
    public static KernelFile toWrite(String path) {
        return new KernelFile(path, false);
    }

    /** Opens it now, if it is not open. */
    synchronized void open() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (file == null) {
            file = forReading ? FileIo.openToRead(path) : FileIo.openToWrite(path);
        }
    }

    /** Something that is done with the open file. */
    @FunctionalInterface
    private interface Use<T> {
        T of(Descriptor file) throws IOException;
    }

    /** Only the end of this object is in its way, no rest. */
    private <T> T use(Use<T> use) throws IOException {
        Descriptor opened;
        synchronized (this) {
            open();
            opened = file;
            opened.acquire();
        }
        try {
            return use.of(opened);
        } finally {
            opened.release();
        }
    }

    /**
     * What it says now, at most 64 KiB of it; empty if what it tells of is gone.
     *
     * @throws IOException if it cannot be read, for want of open files for example
     */
    public String read() throws IOException {
        try {
            return use(opened -> FileIo.readAgain(opened, path));
        } catch (ClosedChannelException e) {
            return "";
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENODEV) {
                return "";
            }
            throw e;
        }
    }

    /** Writes a short text in one call. */
    public void write(String text) throws IOException {
        use(opened -> {
            FileIo.write(opened, path, text);
            return null;
        });
    }

    /** Writes a short text to a file that a kernel may be built without. */
    static void writeIfThere(String path, String text) throws IOException {
        try {
            FileIo.writeFile(path, text);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /** Closes it until it is used again. */
    public synchronized void rest() {
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
