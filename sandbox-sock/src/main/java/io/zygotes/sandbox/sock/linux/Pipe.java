package io.zygotes.sandbox.sock.linux;

import java.nio.channels.ClosedChannelException;

/**
 * A pipe, closed on exec.
 *
 * @param reading the end that is read
 * @param writing the end that is written to
 */
public record Pipe(Descriptor reading, Descriptor writing) implements AutoCloseable {

    private static final int WRITTEN_BY_ALL = 0222;

    private static final CFunction FCHMOD = CFunction.ofInt("fchmod");
    private static final CFunction PIPE2 = CFunction.ofInt("pipe2");

    /** Makes one: pipe2(2). */
    public static Pipe open() throws LinuxException {
        Native.require("pipe2", s -> PIPE2.call(s, s.small.address(), Native.CLOEXEC));
        Scratch s = Scratch.get();
        return new Pipe(new Descriptor(s.small.get(Native.INT, 0)), new Descriptor(s.small.get(Native.INT, 4)));
    }

    /**
     * Lets others than its maker open it for writing by a path in /proc: fchmod(2). A file in /dev/stdout is opened so.
     */
    public void letOthersWrite() throws LinuxException, ClosedChannelException {
        Native.require("fchmod of a pipe", writing, (s, number) -> FCHMOD.call(s, number, WRITTEN_BY_ALL));
    }

    /** Closes both ends. */
    @Override
    public void close() {
        reading.close();
        writing.close();
    }
}
