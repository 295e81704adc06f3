package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.registry.LambdaStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A worker in a network namespace of its own, whose addresses play others: {@code namespace.py}. */
final class NamespaceWorker implements AutoCloseable {

    static final String INTERNET = "8.8.4.4";
    static final String INTERNET6 = "2600::1";
    static final String PRIVATE = "10.77.0.1";
    static final String SHARED = "100.64.0.9";
    static final String METADATA = "169.254.169.254";
    static final String PRIVATE6 = "fd00:77::1";
    /** An address of the machine's own interface. */
    static final String OWN = "10.88.0.1";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final WorkerFolder folder;
    private final Process process;
    private final Writer orders;
    private final BufferedReader answers;
    private final JsonNode start;

    /**
     * @param change of the settings
     * @param lambdas their names and settings
     * @param bpf whether the kernel has bpf(2)
     */
    NamespaceWorker(Path place, Consumer<ObjectNode> change, Map<String, String> lambdas, boolean bpf)
            throws Exception {
        folder = WorkerFolder.init(place);
        folder.change(config -> config.put("worker_url", "127.0.0.1").put("mem_pool_mb", 2048));
        folder.change(change);
        LambdaStore store = new LambdaStore(folder.path().resolve("registry"));
        for (Map.Entry<String, String> lambda : lambdas.entrySet()) {
            Path source = Files.createDirectories(place.resolve("lambdas").resolve(lambda.getKey()));
            Files.writeString(source.resolve("f.py"), resource("reaching.py"));
            Files.writeString(source.resolve("ol.yaml"), lambda.getValue());
            store.install(source);
        }
        Path script = Files.writeString(place.resolve("namespace.py"), resource("namespace.py"));
        List<String> command = new ArrayList<>(List.of("unshare", "--net", "python3", script.toString()));
        command.add(Program.IMAGE.resolve("bin/zygotes").toString());
        command.add(folder.path().toString());
        command.addAll(List.of(INTERNET, PRIVATE, SHARED, METADATA, INTERNET6, PRIVATE6));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        if (!bpf) {
            builder.environment().put("WITHOUT_BPF", "1");
        }
        process = builder.start();
        orders = process.outputWriter(StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
        start = JSON.readTree(answers.readLine());
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = NamespaceWorker.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** What came of its start: exit and said. */
    JsonNode start() {
        return start;
    }

    private String order(String line) throws IOException {
        orders.write(line + "\n");
        orders.flush();
        return answers.readLine();
    }

    int port() throws IOException {
        return Integer.parseInt(order("port"));
    }

    /** Calls a function of a lambda. */
    String attempt(String lambda, Object... words) throws IOException {
        JsonNode answer = JSON.readTree(order("/run/" + lambda + " " + JSON.writeValueAsString(words)));
        return answer.isTextual() ? answer.textValue() : answer.toString();
    }

    void assertAttempt(String expected, String lambda, Object... words) throws IOException {
        assertEquals(expected, attempt(lambda, words), () -> lambda + ": " + List.of(words));
    }

    JsonNode statistics() throws IOException {
        return JSON.readTree(order("/stats"));
    }

    /** What the worker itself says. */
    String log() throws IOException {
        return Files.readString(folder.path().resolve("worker.out"));
    }

    /** What lambdas printed, and what was told of them. */
    String output() throws IOException {
        return Files.readString(folder.path().resolve("logs/lambdas.log"));
    }

    @Override
    public void close() {
        try {
            orders.close();
            process.waitFor(60, TimeUnit.SECONDS);
        } catch (IOException e) {
            process.destroy();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroy();
        }
    }
}
