package io.zygotes.launcher.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The image's start script as a process. */
final class Program {

    static final Path IMAGE = Path.of(System.getProperty("zygotes.image"));
    private static final long MOST_SECONDS = 600;

    private Program() {}

    record Ended(int exit, String out, String err) {}

    /** Runs a command to its end. */
    static Ended run(Path folder, String... arguments) throws IOException, InterruptedException {
        try (Running running = start(folder, arguments)) {
            return running.end();
        }
    }

    /** As {@link #run}, with a folder of its own for temporary files. */
    static Ended runWithTemporary(Path folder, Path temporary, String... arguments)
            throws IOException, InterruptedException {
        return runWithOptions(folder, "-Djava.io.tmpdir=" + temporary, arguments);
    }

    /** As {@link #run}, with options for Java. */
    static Ended runWithOptions(Path folder, String options, String... arguments)
            throws IOException, InterruptedException {
        try (Running running = start(IMAGE, folder, Map.of("ZYGOTES_JAVA_OPTS", options), arguments)) {
            return running.end();
        }
    }

    /** Runs a command of another image to its end. */
    static Ended runOf(Path image, Path folder, String... arguments) throws IOException, InterruptedException {
        try (Running running = start(image, folder, Map.of(), arguments)) {
            return running.end();
        }
    }

    /** Runs another program to its end, which may start the image's. */
    static Ended ofCommand(Path folder, List<String> command) throws IOException, InterruptedException {
        try (Running running = start(folder, Map.of(), command)) {
            return running.end();
        }
    }

    /** Starts a command. */
    static Running start(Path folder, String... arguments) throws IOException {
        return start(IMAGE, folder, Map.of(), arguments);
    }

    /** Starts a command with a folder of its own for temporary files. */
    static Running startWithTemporary(Path folder, Path temporary, String... arguments) throws IOException {
        String options = "-Djava.io.tmpdir=" + temporary;
        return start(IMAGE, folder, Map.of("ZYGOTES_JAVA_OPTS", options), arguments);
    }

    private static Running start(Path image, Path folder, Map<String, String> environment, String... arguments)
            throws IOException {
        // A build that was started with nohup ignores SIGHUP and hands that on; a JVM then leaves it so.
        List<String> command = new ArrayList<>(List.of(
                "env", "--default-signal=HUP", image.resolve("bin/zygotes").toString()));
        command.addAll(List.of(arguments));
        return start(folder, environment, command);
    }

    private static Running start(Path folder, Map<String, String> environment, List<String> command)
            throws IOException {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        return new Running(builder.start(), out, err, command);
    }

    /** A command that runs; closing it kills it. */
    record Running(Process process, Path out, Path err, List<String> command) implements AutoCloseable {

        Ended end() throws IOException, InterruptedException {
            if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError(command + " does not end: " + Files.readString(out) + Files.readString(err));
            }
            return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
        }

        /** Waits until it has written a text. */
        void awaitText(Path file, String text) throws IOException, InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MOST_SECONDS);
            while (!Files.readString(file).contains(text)) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new AssertionError(
                            command + " never said '" + text + "': " + Files.readString(out) + Files.readString(err));
                }
                Thread.sleep(20);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
