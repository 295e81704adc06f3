package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Files, above all the small ones of /proc and /sys, which want each text in one call. */
public final class FileIo {

    private static final int O_RDONLY = 0;
    private static final int O_WRONLY = 1;

    private static final CFunction OPEN = CFunction.ofInt("open");
    private static final CFunction READ = CFunction.ofLong("read");
    private static final CFunction PREAD = CFunction.ofLong("pread");
    private static final CFunction WRITE = CFunction.ofLong("write");
    private static final CFunction MKDIRAT = CFunction.ofInt("mkdirat");
    private static final CFunction FCHMODAT = CFunction.ofInt("fchmodat");

    private FileIo() {}

    private static Descriptor open(String path, int flags) throws LinuxException {
        int all = flags | Native.CLOEXEC;
        return new Descriptor((int)
                Native.require("open", path, s -> OPEN.call(s, s.path(path).address(), all)));
    }

    /** Opens a folder or file for reading. */
    public static Descriptor openToRead(String path) throws LinuxException {
        return open(path, O_RDONLY);
    }

    /** Opens a file for writing. */
    public static Descriptor openToWrite(String path) throws LinuxException {
        return open(path, O_WRONLY);
    }

    /** Writes a short text in one call. */
    public static void writeFile(String path, String text) throws IOException {
        try (Descriptor file = openToWrite(path)) {
            write(file, path, text);
        }
    }

    /**
     * As {@link #writeFile}, for a file that is open.
     *
     * @param path what it is, for people
     */
    public static void write(Descriptor file, String path, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        long written = Native.make(file, (s, number) -> {
            MemorySegment.copy(bytes, 0, s.data, ValueLayout.JAVA_BYTE, 0, bytes.length);
            return WRITE.call(s, number, s.data.address(), bytes.length);
        });
        if (written < 0) {
            throw Native.failure("write '" + text + "' to " + path, written);
        }
    }

    /** Writes a byte. */
    public static void writeByte(Descriptor file) throws IOException {
        Native.require("write", file, (s, number) -> {
            s.small.set(ValueLayout.JAVA_BYTE, 0, (byte) 'x');
            return WRITE.call(s, number, s.small.address(), 1);
        });
    }

    /** Reads a small file, at most 64 KiB of it. */
    public static String readFile(String path) throws IOException {
        try (Descriptor file = openToRead(path)) {
            byte[] bytes = read(file);
            return new String(bytes == null ? new byte[0] : bytes, StandardCharsets.UTF_8);
        }
    }

    /**
     * Reads at most 64 KiB.
     *
     * @return empty at the end; null if the file does not block and there is nothing yet
     */
    public static byte[] read(Descriptor file) throws IOException {
        long got = Native.make(file, (s, number) -> READ.call(s, number, s.data.address(), Scratch.DATA_SIZE));
        if (got >= 0) {
            return Scratch.get().data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
        }
        if (got == -Errno.EAGAIN) {
            return null;
        }
        throw Native.failure("read", got);
    }

    /**
     * Reads a small file from its beginning, at most 64 KiB of it.
     *
     * @param path what it is, for people
     */
    public static String readAgain(Descriptor file, String path) throws IOException {
        long got = Native.make(file, (s, number) -> PREAD.call(s, number, s.data.address(), Scratch.DATA_SIZE, 0));
        if (got < 0) {
            throw Native.failure("read " + path, got);
        }
        return new String(Scratch.get().data.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /**
     * Makes a folder.
     *
     * @param parent the folder in which it is made
     * @param mode its permissions: all of them, whatever the umask (umask(2))
     */
    public static void makeFolder(Descriptor parent, String name, int mode) throws IOException {
        String what = "make folder " + name;
        Native.require(
                what,
                parent,
                (s, number) -> MKDIRAT.call(s, number, s.path(name).address(), mode));
        Native.require(
                what,
                parent,
                (s, number) -> FCHMODAT.call(s, number, s.path(name).address(), mode, 0));
    }
}
