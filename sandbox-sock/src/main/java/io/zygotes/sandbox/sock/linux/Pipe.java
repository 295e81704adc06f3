package io.zygotes.sandbox.sock.linux;

import java.lang.invoke.MethodHandle;
import java.nio.channels.ClosedChannelException;

/**
 * A pipe, closed on exec.
 *
 * @param reading the end that is read
 * @param writing the end that is written to
 */
public record Pipe(Descriptor reading, Descriptor writing) implements AutoCloseable {

    private static final int WRITTEN_BY_ALL = 0222;

    private static final MethodHandle FCHMOD = Native.function("fchmod", Native.INT, Native.INT, Native.INT);
    private static final MethodHandle PIPE2 = Native.function("pipe2", Native.INT, Native.POINTER, Native.INT);

    /** Makes one: pipe2(2). */
    public static Pipe open() throws LinuxException {
        Native.require("pipe2", s -> (int) PIPE2.invokeExact(s.state, s.small, Native.CLOEXEC));
        Scratch s = Scratch.get();
        return new Pipe(new Descriptor(s.small.get(Native.INT, 0)), new Descriptor(s.small.get(Native.INT, 4)));
    }

    /**
     * Lets others than its maker open it for writing by a path in /proc: fchmod(2). A file in /dev/stdout is opened so.
     */
    public void letOthersWrite() throws LinuxException, ClosedChannelException {
        Native.require(
                "fchmod of a pipe", writing, (s, number) -> (int) FCHMOD.invokeExact(s.state, number, WRITTEN_BY_ALL));
    }

    /** Closes both ends. */
    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
