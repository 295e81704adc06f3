package io.zygotes.sandbox.sock.resource;

import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.spi.FailureKind;

/** What the worker, or its machine, has no more of, and what to do about it. */
public final class Shortage {

    private Shortage() {}

    /** The kind of an error from the kernel, wherever in the chain of causes it is; OTHER if there is none. */
    public static FailureKind kind(Throwable error) {
        LinuxException failed = kernels(error);
        return failed == null ? FailureKind.OTHER : failed.kind();
    }

    /**
     * What is to be said behind an error.
     *
     * @return a sentence that begins with {@code ". "}; empty if nothing is short
     */
    public static String advice(Throwable error) {
        LinuxException failed = kernels(error);
        if (failed == null || failed.kind() != FailureKind.TOO_MANY_FILES) {
            return "";
        }
        return failed.ofTheWholeMachine()
                ? ". The machine has as many open files as it may: sysctl -w fs.file-max=…"
                : ". The worker has as many open files as it may: allow it more, with LimitNOFILE in its service's"
                        + " unit or 'ulimit -Hn', or lower mem_pool_mb";
    }

    private static LinuxException kernels(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof LinuxException failed) {
                return failed;
            }
        }
        return null;
    }
}
