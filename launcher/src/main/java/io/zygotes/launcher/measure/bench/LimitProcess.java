package io.zygotes.launcher.measure.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.measure.session.Workplace;
import io.zygotes.spi.PackageInfo;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A bare Python process that forks, {@code limit.py}: what a cold start cannot be faster than. It measures itself. For
 * one thread, but for {@link #close}.
 */
final class LimitProcess implements Workplace.Running {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final BufferedWriter to;
    private final BufferedReader from;
    private final Path errors;

    /**
     * Rounds that were done in a row.
     *
     * @param nanos how long each took, in nanoseconds
     * @param elapsedNanos how long all took, with the rests and the ends of the children
     */
    record Rounds(List<Long> nanos, long elapsedNanos) {}

    private LimitProcess(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        to = process.outputWriter(StandardCharsets.UTF_8);
        from = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Starts one and waits until it has imported everything.
     *
     * @param folder an empty folder for its files
     * @param python path of the interpreter, the same as that of the sandboxes
     * @param code of {@code f.py}
     * @param packages what it imports, in this order
     * @param primed whether it also imports {@code f.py}, and calls it once, before it forks
     */
    static LimitProcess start(Path folder, String python, String code, List<PackageInfo> packages, boolean primed)
            throws IOException, Failure {
        Path script = folder.resolve("limit.py");
        try (InputStream content = LimitProcess.class.getResourceAsStream("limit.py")) {
            Files.copy(content, script);
        }
        List<Map<String, Object>> parts = new ArrayList<>();
        for (PackageInfo each : packages) {
            parts.add(Map.of("folder", each.folder().toString(), "modules", each.modules()));
        }
        Path handler = Files.createDirectory(folder.resolve("handler"));
        Files.writeString(handler.resolve("f.py"), code);
        String task = JSON.writeValueAsString(
                Map.of("packages", parts, "handler", handler.toString(), "event", BenchWorker.EVENT, "primed", primed));
        Path errors = folder.resolve("errors.txt");
        ProcessBuilder builder = new ProcessBuilder(python, "-I", "-S", "-B", script.toString(), task);
        builder.redirectError(errors.toFile()).environment().clear();
        // As in a zygote: with threads of numeric libraries a fork would be another one.
        builder.environment()
                .putAll(Map.of(
                        "PATH",
                        "/usr/local/bin:/usr/bin:/bin",
                        "LANG",
                        "C.UTF-8",
                        "OPENBLAS_NUM_THREADS",
                        "1",
                        "OMP_NUM_THREADS",
                        "1"));
        LimitProcess limit = new LimitProcess(builder.start(), errors);
        try {
            limit.line();
            return limit;
        } catch (IOException | Failure e) {
            limit.close();
            throw e;
        }
    }

    /** Forks so many times, one after the other, with a rest before each. */
    Rounds rounds(int rounds, int restMillis) throws IOException, Failure {
        to.write(rounds + " " + restMillis + "\n");
        to.flush();
        JsonNode answer = JSON.readTree(line());
        List<Long> nanos = new ArrayList<>();
        answer.path("nanos").forEach(each -> nanos.add(each.asLong()));
        return new Rounds(nanos, answer.path("elapsed").asLong());
    }

    private String line() throws IOException, Failure {
        String line = from.readLine();
        if (line == null) {
            throw new Failure("the bare Python process that measures the limit ended: "
                    + Files.readString(errors).strip());
        }
        return line;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
