package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.resource.Shortage;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/** Who forks the process of a sandbox: a zygote, or the warden for a fresh one. Used for one launch. */
sealed interface Forker permits WardenForker, ZygoteForker {

    /**
     * Asks for the process.
     *
     * @param deadline the moment ({@link System#nanoTime}) until which that may take
     */
    void ask(LaunchRequest request, long deadline)
            throws IOException, TimeoutException, InterruptedException, SandboxException;

    /** Lets it go on, should somebody have stopped it. */
    void goOn();

    /** The process said hello and was checked: what is still to be done for it from outside. */
    void finish(int pid) throws IOException;

    /** What it means that the new process said why there will be no sandbox. */
    SandboxException reported(SandboxException failure);

    /** What it means that nothing came for so long. */
    SandboxException silent(String id, int seconds);

    /** What it means that something failed on the way, if this one has a part in it. */
    Optional<SandboxException> broken(String id, IOException e) throws InterruptedException;

    /** What a failed launch means. */
    default SandboxException meaning(String id, Exception e) throws InterruptedException {
        if (e instanceof TimeoutException) {
            return silent(id, Launch.patience());
        }
        Optional<SandboxException> own = e instanceof IOException failed ? broken(id, failed) : Optional.empty();
        if (own.isPresent()) {
            return own.get();
        }
        String what = id + " could not be made: " + e.getMessage() + Shortage.advice(e);
        return e instanceof LinuxException linux && linux.kind() == FailureKind.TOO_MANY_FILES
                ? new SandboxException.NoCapacity(linux.kind(), what, e)
                : new SandboxException(Shortage.kind(e), what, e);
    }
}
