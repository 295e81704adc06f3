package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.doctor.Doctor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes worker down}. */
@Command(name = "down", description = "Stops a worker and waits for its end.")
final class DownCommand implements Callable<Integer> {

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(25);
    /** A worker that is still starting has no process id yet for this long at the most. */
    private static final Duration START = Duration.ofSeconds(10);

    private static final Duration ASK_AGAIN = Duration.ofSeconds(5);

    /** What a process needs to go once it has freed everything. */
    private static final Duration EXIT = Duration.ofSeconds(2);

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long to wait before the worker is killed (default: ${DEFAULT-VALUE}).")
    private int timeout;

    @Override
    public Integer call() throws Exception {
        WorkerDirectory opened = directory.open();
        PrintWriter out = spec.commandLine().getOut();
        Optional<WorkerDirectory.Running> running = announced(opened);
        if (running.isEmpty()) {
            removeLeftovers(opened);
            out.println("no worker runs on " + opened.path());
            return 0;
        }
        long pid = running.get().pid();
        ProcessHandle process = process(opened, pid);
        if (asked(process, opened, Duration.ofSeconds(timeout))) {
            awaitExit(process);
            out.println("stopped the worker on " + opened.path() + " (pid " + pid + ")");
            return 0;
        }
        process.destroyForcibly();
        if (!ended(opened, pid, START)) {
            throw new Failure("the worker on " + opened.path() + " (pid " + pid + ") is still there after SIGKILL");
        }
        spec.commandLine()
                .getErr()
                .println("zygotes: the worker on " + opened.path() + " (pid " + pid + ") did not stop within " + timeout
                        + " s and was killed");
        removeLeftovers(opened);
        return 1;
    }

    /**
     * Of a worker that was killed: what the next start would remove, so that nothing waits for one that never comes.
     */
    private void removeLeftovers(WorkerDirectory opened) throws Exception {
        if (opened.hasDeadWorker()) {
            PrintWriter out = spec.commandLine().getOut();
            out.println("the last worker on " + opened.path() + " was killed; removing what it left");
            Doctor.of(opened.path()).clean().forEach(out::println);
        }
    }

    /** A process id is not believed: in another container it means another process, which must not be ended. */
    private static ProcessHandle process(WorkerDirectory opened, long pid) throws IOException, Failure {
        Optional<String> outOfReach = opened.outOfReach();
        if (outOfReach.isPresent()) {
            throw new Failure("the worker on " + opened.path() + " " + outOfReach.get());
        }
        return ProcessHandle.of(pid)
                .orElseThrow(() -> new Failure("the worker on " + opened.path() + " has process id " + pid
                        + ", which this system does not show; is it in another container?"));
    }

    /** Java passes over a signal when it can have no thread for it; a second one does no harm. */
    private static boolean asked(ProcessHandle process, WorkerDirectory opened, Duration within)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + within.toNanos();
        do {
            process.destroy();
            Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
            if (ended(opened, process.pid(), left.compareTo(ASK_AGAIN) < 0 ? left : ASK_AGAIN)) {
                return true;
            }
        } while (System.nanoTime() < deadline);
        return false;
    }

    /** The directory is free a moment before the process is gone. */
    private static void awaitExit(ProcessHandle process) throws InterruptedException {
        long deadline = System.nanoTime() + EXIT.toNanos();
        while (process.isAlive() && !isZombie(process.pid()) && System.nanoTime() < deadline) {
            Thread.sleep(BETWEEN_LOOKS);
        }
    }

    /** Ended, but not yet reaped: its parent has ended, too, and in some containers process 1 reaps late or never. */
    private static boolean isZombie(long pid) {
        try {
            // The state follows the command's name, which stands in parentheses (proc_pid_stat(5)).
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.startsWith("Z", stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            // No such process any more, which the caller sees by itself.
            return false;
        }
    }

    /** The worker, once it has said its process id. */
    private static Optional<WorkerDirectory.Running> announced(WorkerDirectory opened)
            throws IOException, InterruptedException, Failure {
        long deadline = System.nanoTime() + START.toNanos();
        while (true) {
            Optional<WorkerDirectory.Running> running = opened.running();
            if (running.isEmpty() || running.get().pid() > 0) {
                return running;
            }
            if (System.nanoTime() > deadline) {
                throw new Failure(
                        "the worker on " + opened.path() + " is starting and does not say its process id; try again");
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
    }

    private static boolean ended(WorkerDirectory opened, long pid, Duration within)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + within.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<WorkerDirectory.Running> running = opened.running();
            if (running.isEmpty() || running.get().pid() != pid) {
                return true;
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
        return false;
    }
}
