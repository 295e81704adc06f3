package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs the lambda of a package in plain Python ({@code plain.py}). Safe for use by many threads; once closed, what runs
 * is ended and nothing is started any more.
 */
final class PlainPython implements Workplace.Running {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 300;
    /**
     * Those that lambdas see as their own, BaseRoot of the mechanism. As each leaf has another one, so has each run:
     * what follows from it is not the same in plain Python either.
     */
    private static final int FIRST_USER = 10_000, USERS = 128;
    /** As in sandboxes, but for {@code PATH}, which plain.py knows. */
    private static final Map<String, String> ENVIRONMENT = Map.of("LANG", "C.UTF-8", "HOME", "/tmp", "USER", "lambda");
    /** Asked of plain Python; the last one is for the comparison of attributes. */
    private static final String EVENTS = "[{\"call\": 1, \"child\": true, \"attributes\": \"texts\"}, {\"call\": 2}]";

    private final Path folder;
    private final Path script;
    private final String interpreter;
    private final AtomicInteger runs = new AtomicInteger();
    private final Set<Process> running = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Lays out the script.
     *
     * @param folder an empty folder of its own
     * @param interpreter the path of the interpreter that sandboxes use
     */
    PlainPython(Path folder, String interpreter) throws IOException {
        this.folder = folder;
        this.interpreter = interpreter;
        this.script = folder.resolve("plain.py");
        Subject.copy("plain.py", script);
    }

    /**
     * Runs a package's lambda.
     *
     * @param subject the package
     * @param first modules to import before those of the package
     * @return what it told, with the attributes as texts; or why it told nothing
     * @throws IOException if its files cannot be written
     * @throws InterruptedException if the calling thread is interrupted; the process is ended
     */
    Observation run(Subject subject, List<String> first) throws IOException, InterruptedException {
        Path own = Files.createTempDirectory(folder, "run-");
        try {
            ObjectNode task = JSON.createObjectNode();
            ArrayNode packages = task.putArray("packages");
            for (PackageInfo each : subject.packages()) {
                packages.addArray()
                        .add(each.folder().toString())
                        .add(each.id().name() + "-" + each.id().version());
            }
            Path result = own.resolve("result.json");
            task.put("handler", subject.write(own, first).toString());
            task.put("root", Files.createDirectory(own.resolve("root")).toString());
            task.set("environment", JSON.valueToTree(ENVIRONMENT));
            task.put("user", FIRST_USER + Math.floorMod(runs.getAndIncrement(), USERS));
            task.set("events", JSON.readTree(EVENTS));
            task.put("result", result.toString());
            Path input = own.resolve("task.json");
            Files.writeString(input, task.toString());
            String said = run(input, own.resolve("said"));
            return said.isEmpty() ? read(result) : Observation.failed(said);
        } finally {
            Folders.delete(own);
        }
    }

    private static Observation read(Path result) throws IOException {
        List<JsonNode> calls = new ArrayList<>();
        JSON.readTree(Files.readAllBytes(result)).forEach(calls::add);
        return new Observation(calls, java.util.Optional.empty());
    }

    /** Empty if all went well. */
    private String run(Path input, Path output) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(interpreter, "-I", "-S", script.toString(), input.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        running.add(process);
        try {
            process.getOutputStream().close();
            if (closed) {
                throw new InterruptedException("the check was stopped");
            }
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return "plain Python does not end within " + PATIENCE_SECONDS + " s";
            }
            String said = Files.readString(output, StandardCharsets.ISO_8859_1).strip();
            return process.exitValue() == 0 ? "" : said.isEmpty() ? "exit code " + process.exitValue() : said;
        } finally {
            process.destroyForcibly();
            running.remove(process);
        }
    }

    /** Ends what runs. Idempotent. */
    @Override
    public void close() {
        closed = true;
        running.forEach(Process::destroyForcibly);
    }
}
