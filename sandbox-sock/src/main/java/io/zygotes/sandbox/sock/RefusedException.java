package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;

/** The warden could not do what it was asked for. */
final class RefusedException extends IOException {

    private static final long serialVersionUID = 1L;
    private final int errno;

    /** @param errno the kernel's reason; 0 if it was another */
    RefusedException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** The exception for a sandbox that could not be made for this reason. */
    SandboxException of(String sandbox) {
        return forFork(sandbox, getMessage(), errno);
    }

    /**
     * The exception for a fork that the kernel refused.
     *
     * @param sandbox what was to be made
     * @param error the reason in words
     * @param errno its number
     */
    static SandboxException forFork(String sandbox, String error, int errno) {
        if (errno == LinuxException.EAGAIN || errno == LinuxException.ENOMEM) {
            return new SandboxException.NoCapacity(sandbox + " could not be forked: " + error
                    + ". The machine, or a cgroup above the sandboxes, has no process id or memory left: try again"
                    + " later, or raise pids.max and memory there");
        }
        return new SandboxException(sandbox + " could not be forked: " + error);
    }
}
