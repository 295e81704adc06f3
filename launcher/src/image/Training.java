import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs a worker of the new image and sends it requests, so that the JVM can record which classes it loads, how they are
 * linked and which methods are used (JEP 483, 514 and 515). Every request makes a leaf: all that is done for the first
 * time after a start was done here.
 */
final class Training {

    private static final int LAMBDAS = 24;
    private static final int REQUESTS = 400;
    private static final Duration START = Duration.ofSeconds(60);
    /** The JVM writes the cache when it ends. */
    private static final Duration END = Duration.ofSeconds(120);

    private static final Pattern READY = Pattern.compile("^ready: .* port (\\d+),", Pattern.MULTILINE);

    private final Path image;
    private final Path folder;
    private final Path log;

    /**
     * @param image the image to train
     * @param folder a folder for the worker's directory; must not exist
     * @param log gets what the worker prints
     */
    Training(Path image, Path folder, Path log) {
        this.image = image;
        this.folder = folder;
        this.log = log;
    }

    /**
     * Trains.
     *
     * @param mechanism which way to make sandboxes
     * @param network which way lambdas reach others; a worker's default needs a kernel with network rules
     * @param more further words of {@code up}
     * @param javaOptions options for the JVM that is trained
     * @return whether it went well; the log says why it did not
     */
    boolean run(String mechanism, String network, List<String> more, String javaOptions)
            throws IOException, InterruptedException {
        makeWorker(mechanism, network);
        List<String> command = new ArrayList<>(List.of(program(), "up", "-p", worker().toString()));
        command.addAll(more);
        ProcessBuilder builder = clean(new ProcessBuilder(command));
        builder.environment().put("ZYGOTES_JAVA_OPTS", javaOptions);
        Process process = builder.start();
        try {
            int port = awaitPort(process);
            boolean served = port > 0 && serve(port);
            process.destroy();
            return process.waitFor(END.toSeconds(), TimeUnit.SECONDS) && served;
        } finally {
            process.destroyForcibly();
        }
    }

    private String program() {
        return image.resolve("bin/zygotes").toString();
    }

    private Path worker() {
        return folder.resolve("worker");
    }

    private ProcessBuilder clean(ProcessBuilder builder) {
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        return builder.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    }

    /** Room for six leaves, and more lambdas than that: each call evicts a leaf and makes one. */
    private void makeWorker(String mechanism, String network) throws IOException {
        Path registry = Files.createDirectories(worker().resolve("registry"));
        Files.writeString(worker().resolve("config.json"), """
            {"worker_port": 0, "sandbox": "%s", "network": "%s", "installer_network": "%s",
             "mem_pool_mb": 448, "limits": {"mem_mb": 64}, "installer_limits": {"mem_mb": 128},
             "import_cache_tree": {"packages": [], "children": []}}
            """.formatted(
                        mechanism, network, network.equals("host") ? "host" : "indexes"));
        for (int i = 0; i < LAMBDAS; i++) {
            Path lambda = Files.createDirectories(registry.resolve("hello-" + i));
            Files.writeString(lambda.resolve("f.py"), "def f(event):\n    return {\"hello\": event}\n");
        }
    }

    private int awaitPort(Process process) throws IOException, InterruptedException {
        long until = System.nanoTime() + START.toNanos();
        while (process.isAlive() && System.nanoTime() < until) {
            Matcher ready = READY.matcher(Files.readString(log));
            if (ready.find()) {
                return Integer.parseInt(ready.group(1));
            }
            Thread.sleep(50);
        }
        return 0;
    }

    /** Twice the same lambda now and then: a leaf that is at rest is taken up again. */
    private static boolean serve(int port) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < REQUESTS; i++) {
                String lambda = "hello-" + (i % 8 == 7 ? i - 1 : i) % LAMBDAS;
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/run/" + lambda))
                                .POST(HttpRequest.BodyPublishers.ofString("{\"name\": \"you\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() != 200) {
                    return false;
                }
            }
        }
        return true;
    }
}
