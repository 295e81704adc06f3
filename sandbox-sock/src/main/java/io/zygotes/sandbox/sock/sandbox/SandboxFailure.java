package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.linux.Errno;
import io.zygotes.sandbox.sock.linux.Signal;
import io.zygotes.sandbox.sock.protocol.FailureReport;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.util.OptionalInt;

/** What it means to whoever waits for a sandbox that it failed. */
public final class SandboxFailure {

    private SandboxFailure() {}

    /**
     * The exception for a fork that the kernel refused.
     *
     * @param sandbox what was to be made
     * @param error the reason in words
     * @param errno its number; 0 if there is none
     */
    public static SandboxException forkRefused(String sandbox, String error, int errno) {
        String what = sandbox + " could not be forked: " + error;
        FailureKind kind = Errno.kind(errno);
        return switch (kind) {
            case NO_PROCESSES, NO_MEMORY ->
                new SandboxException.NoCapacity(
                        kind,
                        what + ". The machine, or a cgroup above the sandboxes, has no process id or memory left: try"
                                + " again later, or raise pids.max and memory there");
            default -> new SandboxException(kind, what);
        };
    }

    /** The exception for a sandbox that said why it could not be made. */
    static SandboxException reported(String sandbox, FailureReport report) {
        if (report.isOfAnImport()) {
            return new SandboxException.ImportFailed(
                    "the import failed in " + sandbox + ": " + report.error(), report.traceback());
        }
        if (report.ofSnapshot().isPresent()) {
            return new SandboxException.ImportFailed(
                    sandbox + " failed " + report.ofSnapshot().get().doing() + ": " + report.error(),
                    report.traceback());
        }
        if (report.isOfTheFork()) {
            return forkRefused(sandbox, report.error(), report.errno());
        }
        return new SandboxException(
                Errno.kind(report.errno()),
                sandbox + " could not be set up, at step '" + report.step() + "': " + report.error());
    }

    /**
     * How a sandbox ended, in words.
     *
     * @param wasDestroyed whether the worker did it
     * @param status of its process; empty if it is not known
     * @param otherwise what to say then
     */
    static String end(boolean wasDestroyed, OptionalInt status, String otherwise) {
        if (wasDestroyed) {
            return "it was destroyed by the worker";
        }
        if (status.isEmpty()) {
            return otherwise;
        }
        int signal = status.getAsInt() - Signal.FIRST_STATUS;
        return signal > 0 ? "it was ended by " + Signal.described(signal) : "it exited with code " + status.getAsInt();
    }
}
