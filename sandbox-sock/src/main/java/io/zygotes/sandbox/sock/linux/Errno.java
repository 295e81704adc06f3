package io.zygotes.sandbox.sock.linux;

import io.zygotes.spi.FailureKind;

/** Error numbers of asm-generic/errno-base.h and errno.h that somebody decides on, and what kind of failure each is. */
public final class Errno {

    /** No such file or directory. */
    public static final int ENOENT = 2;
    /** No such process. */
    public static final int ESRCH = 3;
    /** Try again: of fork(2), there may be no further process. */
    public static final int EAGAIN = 11;
    /** Out of memory. */
    public static final int ENOMEM = 12;
    /** Device or resource busy. */
    public static final int EBUSY = 16;
    /** No such device: a file of a cgroup that is gone. */
    public static final int ENODEV = 19;
    /** Operation not supported. */
    public static final int EOPNOTSUPP = 95;
    /** Connection reset by peer: of unix(7) sockets also that the other end did not read all. */
    public static final int ECONNRESET = 104;

    static final int EPERM = 1;
    static final int EINTR = 4;
    static final int EACCES = 13;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int ENOSPC = 28;
    static final int EPIPE = 32;
    static final int ENOSYS = 38;
    static final int ENOPROTOOPT = 92;
    static final int EDQUOT = 122;

    private Errno() {}

    /**
     * What kind of failure an error number is.
     *
     * @param errno as errno(3) numbers them
     * @return {@link FailureKind#OTHER} for those that say nothing by themselves
     */
    public static FailureKind kind(int errno) {
        return switch (errno) {
            case EMFILE, ENFILE -> FailureKind.TOO_MANY_FILES;
            case ENOSPC, EDQUOT -> FailureKind.NO_SPACE;
            case EAGAIN -> FailureKind.NO_PROCESSES;
            case ENOMEM -> FailureKind.NO_MEMORY;
            case EPERM, EACCES, ENOSYS -> FailureKind.REFUSED;
            case ESRCH, EPIPE, ECONNRESET -> FailureKind.GONE;
            default -> FailureKind.OTHER;
        };
    }
}
