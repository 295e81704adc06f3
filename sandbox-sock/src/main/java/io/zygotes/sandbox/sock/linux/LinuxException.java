package io.zygotes.sandbox.sock.linux;

import java.io.IOException;

/** A system call failed. The message names the call, what it was for, and the error. */
public final class LinuxException extends IOException {

    /** Numbers from asm-generic/errno-base.h and errno.h that callers decide on. */
    public static final int ENOENT = 2, ESRCH = 3, EINTR = 4, EAGAIN = 11, ENOMEM = 12, EBUSY = 16, EEXIST = 17, EPIPE = 32,
            ENOPROTOOPT = 92, EOPNOTSUPP = 95, ECONNRESET = 104;

    private static final long serialVersionUID = 1L;
    private final int errno;

    LinuxException(String call, int errno, String text) {
        super(call + ": " + text + " (errno " + errno + ")");
        this.errno = errno;
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
