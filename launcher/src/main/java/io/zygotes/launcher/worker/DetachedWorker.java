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

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(25);
    private static final int TAIL_LINES = 20;

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
        Process process = new ProcessBuilder(command())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            return awaitReady(process, log);
        } catch (Failure | ConfigException | IOException | InterruptedException | RuntimeException e) {
            process.destroy();
            throw e;
        }
    }

    private Failure already(WorkerDirectory.Running running) {
        return new Failure("a worker runs on " + directory.path() + " already (pid " + running.pid() + ", port "
                + running.port() + "); '" + Image.command() + " down -p " + directory.path() + "' stops it");
    }

    private List<String> command() throws Failure {
        List<String> command = new ArrayList<>();
        // In a session of its own the worker does not get the signals of this terminal. Without setsid (it is part of
        // every usual Linux) it runs, too, but Ctrl-C in a script that started it reaches it.
        if (onPath("setsid")) {
            command.add("setsid");
        }
        command.addAll(List.of(
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

    private Started awaitReady(Process process, Path log)
            throws Failure, ConfigException, IOException, InterruptedException {
        long deadline = System.nanoTime() + START.toNanos();
        while (process.isAlive()) {
            Optional<WorkerDirectory.Running> running = directory.running();
            // A worker tells its port when it serves, and not before.
            if (running.isPresent()
                    && running.get().pid() == process.pid()
                    && running.get().port() > 0) {
                return new Started(process.pid(), running.get().port(), log);
            }
            if (System.nanoTime() > deadline) {
                throw new Failure("the worker on " + directory.path() + " was not ready after " + START.toSeconds()
                        + " s and is being stopped; the end of " + log + ":\n" + tail(log));
            }
            Thread.sleep(BETWEEN_LOOKS);
        }
        Optional<WorkerDirectory.Running> other = directory.running();
        if (other.isPresent() && other.get().pid() != process.pid()) {
            // Started at the same time as this one, it may have put its own log in place of ours.
            throw already(other.get());
        }
        throw new Failure("the worker on " + directory.path() + " did not start (exit code " + process.exitValue()
                + "); the end of " + log + ":\n" + tail(log));
    }

    private static String tail(Path log) throws IOException {
        // Whatever a lambda printed: wrong bytes must not hide the reason.
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
}
