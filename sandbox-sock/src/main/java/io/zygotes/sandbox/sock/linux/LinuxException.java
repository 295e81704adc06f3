package io.zygotes.sandbox.sock.linux;

import io.zygotes.spi.FailureKind;
import java.io.IOException;

/** A system call failed. The message names the call, what it was for, and the error. */
public final class LinuxException extends IOException {

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

    /** Why it failed, for programs. */
    public FailureKind kind() {
        return Errno.kind(errno);
    }

    /** Whether it was the whole machine, and not this process alone, that had no number for one more open file. */
    public boolean ofTheWholeMachine() {
        return errno == Errno.ENFILE;
    }

    /** Whether the other end of a socket or pipe is gone. */
    public boolean peerGone() {
        return errno == Errno.EPIPE || errno == Errno.ECONNRESET;
    }
}
