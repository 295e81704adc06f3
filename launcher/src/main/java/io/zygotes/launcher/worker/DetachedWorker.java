package io.zygotes.launcher.worker;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.image.Image;
import io.zygotes.spi.ConfigException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Starts a worker in a process of its own that outlives this one. */
public final class DetachedWorker {

    /** Checks, the sandbox mechanism and the HTTP server; slow machines included. */
    private static final Duration START = Duration.ofSeconds(120);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);
    private static final int TAIL_LINES = 20;

    /** Says its process id, and becomes the program, with what that prints in a file. */
    private static final String IN_SESSION = "echo $$; exec \"$@\" >\"$0\" 2>&1 </dev/null";

    /** Ends when the process id was said: what comes after the end of a process Java does not read. */
    private static final String START_SESSION = "setsid --fork sh -c \"$0\" \"$@\" | cat";

    private final WorkerDirectory directory;
    private final List<Path> pluginPath;

    /**
     * @param directory the worker directory
     * @param pluginPath further folders with plugins, or jars
     */
    public DetachedWorker(WorkerDirectory directory, List<Path> pluginPath) {
        this.directory = directory;
        this.pluginPath = pluginPath;
    }

    /**
     * A worker that is ready.
     *
     * @param pid its process id
     * @param port the TCP port of its HTTP server
     * @param log the file with what it prints
     */
    public record Started(long pid, int port, Path log) {}

    /**
     * Starts it and waits until it is ready.
     *
     * @throws Failure if it ends or is not ready in time; holds the end of its log
     * @throws ConfigException if the settings cannot be read
     * @throws IOException if the process cannot be started or its files cannot be read
     * @throws InterruptedException if the calling thread is interrupted; the process is told to end
     */
    public Started start() throws Failure, ConfigException, IOException, InterruptedException {
        Path log = directory.path().resolve("worker.out");
        Optional<WorkerDirectory.Running> running = directory.running();
        if (running.isPresent()) {
            throw already(running.get());
        }
        if (Files.exists(log)) {
            Files.move(log, log.resolveSibling("worker.out.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        Child worker = launch(log);
        try {
            return awaitReady(worker, log);
        } catch (Failure | ConfigException | IOException | InterruptedException | RuntimeException e) {
            worker.handle().ifPresent(ProcessHandle::destroy);
            throw e;
        }
    }

    /**
     * The worker's process.
     *
     * @param handle empty if it ended before it was looked at
     * @param waitedFor its exit code is known once it has ended; empty if it is nobody's child here
     */
    private record Child(long pid, Optional<ProcessHandle> handle, Optional<Process> waitedFor) {

        /** A zombie has no program any more; where process 1 waits for nobody, it stays one. */
        boolean alive() {
            return waitedFor
                    .map(Process::isAlive)
                    .orElse(handle.isPresent()
                            && handle.get().isAlive()
                            && handle.get().info().command().isPresent());
        }

        String exitCode() {
            return waitedFor
                    .map(process -> " (exit code " + process.exitValue() + ")")
                    .orElse("");
        }
    }

    /**
     * In a session of its own the worker does not get the signals of this terminal, and as a child of somebody else
     * nothing here waits for its end: at its own end Java waits 300 ms for the thread that does. Where setsid cannot
     * fork (that of util-linux can since 2018) it is a child; where there is none, it runs, too, but Ctrl-C in a script
     * that started it reaches it.
     */
    private Child launch(Path log) throws Failure, IOException, InterruptedException {
        List<String> command = new ArrayList<>(command());
        if (onPath("setsid")) {
            List<String> start = new ArrayList<>(List.of("sh", "-c", START_SESSION, IN_SESSION, log.toString()));
            start.addAll(command);
            Process starter = new ProcessBuilder(start)
                    .redirectInput(new File("/dev/null"))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(starter.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (starter.waitFor() == 0 && said.matches("\\d{1,18}")) {
                long pid = Long.parseLong(said);
                return new Child(pid, ProcessHandle.of(pid), Optional.empty());
            }
            command.addFirst("setsid");
        }
        Process process = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new Child(process.pid(), Optional.of(process.toHandle()), Optional.of(process));
    }

    private Failure already(WorkerDirectory.Running running) {
        return new Failure("a worker runs on " + directory.path() + " already (pid " + running.pid() + ", port "
                + running.port() + "); '" + Image.command() + " down -p " + directory.path() + "' stops it");
    }

    private List<String> command() throws Failure {
        List<String> command = new ArrayList<>(List.of(
                Image.current().script().toString(),
                "up",
                "-p",
                directory.path().toString()));
        command.addAll(directory.overrides().asOptions());
        if (!pluginPath.isEmpty()) {
            command.add("--plugin-path");
            command.add(pluginPath.stream()
                    .map(path -> path.toAbsolutePath().toString())
                    .collect(Collectors.joining(":")));
        }
        return command;
    }

    private static boolean onPath(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    private Started awaitReady(Child worker, Path log)
            throws Failure, ConfigException, IOException, InterruptedException {
        long deadline = System.nanoTime() + START.toNanos();
        while (worker.alive()) {
            Optional<WorkerDirectory.Running> running = directory.running();
            // A worker tells its port when it serves, and not before.
            if (running.isPresent()
                    && running.get().pid() == worker.pid()
                    && running.get().port() > 0) {
                return new Started(worker.pid(), running.get().port(), log);
            }
            if (System.nanoTime() > deadline) {
                throw new Failure("the worker on " + directory.path() + " was not ready after " + START.toSeconds()
                        + " s and is being stopped; the end of " + log + ":\n" + tail(log));
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
        Optional<WorkerDirectory.Running> other = directory.running();
        if (other.isPresent() && other.get().pid() != worker.pid()) {
            // Started at the same time as this one, it may have put its own log in place of ours.
            throw already(other.get());
        }
        throw new Failure("the worker on " + directory.path() + " did not start" + worker.exitCode() + "; the end of "
                + log + ":\n" + tail(log));
    }

    private static String tail(Path log) throws IOException {
        // Whatever a lambda printed: wrong bytes must not hide the reason.
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
}
