package io.zygotes.sandbox.sock.linux;

import java.io.IOException;

/** A system call failed. The message names the call, what it was for, and the error. */
public final class LinuxException extends IOException {

    /** Numbers from asm-generic/errno-base.h and errno.h that callers decide on. */
    public static final int ENOENT = 2,
            ESRCH = 3,
            EINTR = 4,
            EAGAIN = 11,
            ENOMEM = 12,
            EBUSY = 16,
            EEXIST = 17,
            ENODEV = 19,
            ENFILE = 23,
            EMFILE = 24,
            EPIPE = 32,
            ENOPROTOOPT = 92,
            EOPNOTSUPP = 95,
            ECONNRESET = 104;

    private static final long serialVersionUID = 1L;
    private final int errno;

    LinuxException(String call, int errno, String text) {
        super(call + ": " + text + " (errno " + errno + ")" + hint(errno));
        this.errno = errno;
    }

    private static String hint(int errno) {
        return switch (errno) {
            case EMFILE ->
                ". The worker has as many open files as it may: allow it more, with LimitNOFILE in its service's"
                        + " unit or 'ulimit -Hn', or lower mem_pool_mb";
            case ENFILE -> ". The machine has as many open files as it may: sysctl -w fs.file-max=…";
            default -> "";
        };
    }

    /** Whether there was no number for one more open file. */
    public boolean outOfFiles() {
        return errno == EMFILE || errno == ENFILE;
    }

    /** The error number. */
    public int errno() {
        return errno;
    }

    /** Whether the other end of a socket or pipe is gone. */
    public boolean peerGone() {
        return errno == EPIPE || errno == ECONNRESET;
    }
}
