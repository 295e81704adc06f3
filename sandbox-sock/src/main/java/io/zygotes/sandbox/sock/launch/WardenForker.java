package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.linux.FileIo;
import io.zygotes.sandbox.sock.linux.LinuxException;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.sandbox.SandboxFailure;
import io.zygotes.sandbox.sock.warden.RefusedException;
import io.zygotes.sandbox.sock.warden.WardenSupervisor;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The warden, which forks fresh sandboxes. */
final class WardenForker implements Forker {

    /** How long to wait for word of why there will be no process, in milliseconds. */
    private static final int REFUSAL_PATIENCE = 5_000;
    /** When the machine runs out of memory, sandboxes go before anything else: proc_pid_oom_score_adj(5). */
    private static final int EXPENDABLE = 500;

    private final WardenSupervisor wardens;
    private CompletableFuture<Void> answer = CompletableFuture.completedFuture(null);

    WardenForker(WardenSupervisor wardens) {
        this.wardens = wardens;
    }

    @Override
    public void ask(LaunchRequest request, long deadline)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        answer = wardens.warden().spawn(request);
    }

    @Override
    public void goOn() {
        wardens.goOn();
    }

    @Override
    public void finish(int pid) throws IOException {
        String file = "/proc/" + pid + "/oom_score_adj";
        // Written by whoever has CAP_SYS_RESOURCE, it is also the least that its children can choose.
        FileIo.writeFile(file, expendable(FileIo.readFile(file)));
    }

    /**
     * What to write: no less than what it has from the worker, which in a pod is up to 1000, and which nobody without
     * CAP_SYS_RESOURCE may lower.
     */
    static String expendable(String present) {
        return Integer.toString(Math.max(EXPENDABLE, Integer.parseInt(present.strip())));
    }

    @Override
    public SandboxException reported(SandboxException failure) {
        return failure;
    }

    @Override
    public SandboxException silent(String id, int seconds) {
        int warden = wardens.pid();
        return new SandboxException(
                FailureKind.TIMED_OUT,
                id + " could not be made within " + seconds
                        + " s: the machine is very busy, or the warden is frozen. If that goes on, 'kill -KILL"
                        + (warden == 0 ? "" : " " + warden)
                        + "' ends it and all sandboxes, and the next request starts another one");
    }

    @Override
    public Optional<SandboxException> broken(String id, IOException e) throws InterruptedException {
        if (e instanceof LinuxException linux && linux.kind() == FailureKind.TOO_MANY_FILES) {
            return Optional.empty();
        }
        return refusal().map(refused -> SandboxFailure.forkRefused(id, refused.getMessage(), refused.errno()));
    }

    /** What the warden says; it closes the channel just before it says so. */
    private Optional<RefusedException> refusal() throws InterruptedException {
        try {
            answer.get(REFUSAL_PATIENCE, TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (ExecutionException e) {
            return e.getCause() instanceof RefusedException refused ? Optional.of(refused) : Optional.empty();
        } catch (TimeoutException e) {
            return Optional.empty();
        }
    }
}
