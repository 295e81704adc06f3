package io.zygotes.sandbox.sock.linux;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;

/**
 * Makes calls of the C library, starts them again when a signal cut them short, and turns {@code errno} into an error
 * with the call's name and arguments. Safe for use by many threads.
 */
@SuppressWarnings("restricted") // native access is what this package is for; the launcher grants it to this module
final class Native {

    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    static final AddressLayout POINTER = ValueLayout.ADDRESS;

    /** Of open(2), socket(2) and others alike: no program that is started gets the descriptor. */
    static final int CLOEXEC = 0x80000;

    private static final long ERRNO = CFunction.STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final CFunction STRERROR = CFunction.ofLong("strerror");
    private static final CFunction SYSCALL = CFunction.ofLong("syscall");
    private static final CFunction CLOSE = CFunction.ofInt("close");

    private Native() {}

    /** A call; what it returns is negative if it failed. */
    @FunctionalInterface
    interface Call {
        long run(Scratch s);
    }

    /** A call on an open file. */
    @FunctionalInterface
    interface CallOn {
        long run(Scratch s, int number);
    }

    /** Makes a call once. Returns its result, or the negative error number. */
    static long once(Call call) {
        Scratch s = Scratch.get();
        long result = call.run(s);
        return result < 0 ? -s.state.get(INT, ERRNO) : result;
    }

    /** As {@link #once}, again and again while signals cut it short. */
    static long make(Call call) {
        long result = once(call);
        while (result == -Errno.EINTR) {
            result = once(call);
        }
        return result;
    }

    /** As {@link #make}, on an open file that stays open meanwhile. */
    static long make(Descriptor on, CallOn call) throws ClosedChannelException {
        int number = on.enter();
        try {
            return make(s -> call.run(s, number));
        } finally {
            on.release();
        }
    }

    /**
     * Makes a call that must succeed.
     *
     * @param name what it is called, and what it is about, for the error
     */
    static long require(String name, Call call) throws LinuxException {
        return checked(name, make(call));
    }

    /** As {@link #require(String, Call)}, on an open file. */
    static long require(String name, Descriptor on, CallOn call) throws LinuxException, ClosedChannelException {
        return checked(name, make(on, call));
    }

    /** As {@link #require(String, Call)}, with a path that the error shall have beside the name. */
    static long require(String name, String path, Call call) throws LinuxException {
        long result = make(call);
        if (result < 0) {
            throw failure(name + " " + path, result);
        }
        return result;
    }

    /** A system call that the C library may have no function for yet. */
    static long syscall(String name, String subject, long number, long a, long b, long c, long d, long e)
            throws LinuxException {
        return require(name, subject, s -> SYSCALL.call(s, number, a, b, c, d, e));
    }

    /** As {@link #syscall}, for a call that may fail. Returns its result, or the negative error number. */
    static long syscallResult(long number, long a, long b, long c, long d, long e) {
        return make(s -> SYSCALL.call(s, number, a, b, c, d, e));
    }

    private static long checked(String name, long result) throws LinuxException {
        if (result < 0) {
            throw failure(name, result);
        }
        return result;
    }

    /**
     * The error of a call that failed.
     *
     * @param call its name and arguments
     * @param result the negative error number
     */
    static LinuxException failure(String call, long result) {
        int errno = (int) -result;
        MemorySegment text = MemorySegment.ofAddress(STRERROR.call(Scratch.get(), errno));
        return new LinuxException(call, errno, text.reinterpret(256).getString(0));
    }

    /**
     * Closes a descriptor. Errors mean nothing here: nothing was written through a cache. Never made twice: close(2).
     */
    static void close(int number) {
        once(s -> CLOSE.call(s, number));
    }
}
