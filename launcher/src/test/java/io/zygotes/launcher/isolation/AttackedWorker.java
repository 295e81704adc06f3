package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.Worker;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.worker.Workers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A real worker in a temporary folder, with hostile lambdas and packages, called over HTTP. */
final class AttackedWorker implements AutoCloseable {

    static final ObjectMapper JSON = new ObjectMapper();

    /** What the attack lambdas consist of. */
    private static final List<String> ATTACKS =
            List.of("f.py", "probe.py", "identity.py", "files.py", "syscalls.py", "neighbours.py");

    private final Path folder;
    private final Path directory;
    private final Worker worker;
    private final LambdaStore store;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /**
     * An answer over HTTP.
     *
     * @param start how the leaf came about: warm, hit or cold; empty if there was none
     */
    record Answer(int status, JsonNode body, String start, String sandbox) {}

    private AttackedWorker(Path folder, Path directory, Worker worker, LambdaStore store) {
        this.folder = folder;
        this.directory = directory;
        this.worker = worker;
        this.store = store;
    }

    /** Starts one whose settings were changed, with some packages already in its store. */
    static AttackedWorker start(Consumer<ObjectNode> change, HostilePackage... packages) throws Exception {
        return startIn(Files.createTempDirectory("zygotes-attacked-"), change, packages);
    }

    /** As {@link #start}, with a tree that has a node for each of the packages, below the root. */
    static AttackedWorker startWithNodes(Consumer<ObjectNode> change, HostilePackage... packages) throws Exception {
        Consumer<ObjectNode> grow = config -> {
            ObjectNode tree = config.putObject("import_cache_tree");
            tree.putArray("packages");
            ArrayNode children = tree.putArray("children");
            for (HostilePackage one : packages) {
                children.addObject().putArray("packages").add(one.name());
            }
        };
        return start(grow.andThen(change), packages);
    }

    /** As {@link #start}, in a folder that is deleted at the end. */
    static AttackedWorker startIn(Path folder, Consumer<ObjectNode> change, HostilePackage... packages)
            throws Exception {
        boolean started = false;
        try {
            Path place = folder.resolve("worker");
            WorkerDirectory directory = WorkerDirectory.init(
                    place,
                    new ByteArrayInputStream("{\"packages\": [], \"children\": []}".getBytes(StandardCharsets.UTF_8)));
            ObjectNode config =
                    (ObjectNode) JSON.readTree(directory.configFile().toFile());
            config.put("worker_url", "127.0.0.1")
                    .put("worker_port", 0)
                    .put("mem_pool_mb", 2048)
                    .put("registry_cache_ms", 0)
                    // The attacks are aimed at what is on this machine: with rules they would not get there.
                    .put("network", "host")
                    .put("installer_network", "host");
            ((ObjectNode) config.get("installer_limits")).put("mem_mb", 512);
            change.accept(config);
            Files.writeString(directory.configFile(), config.toPrettyString());
            for (HostilePackage one : packages) {
                one.writeTo(place.resolve("packages"));
            }
            Worker worker = Workers.make(directory, directory.config(), ImportCaches.find(folder, List.of(), "test"));
            worker.start();
            started = true;
            return new AttackedWorker(
                    folder, place, worker, new LambdaStore(directory.config().registryFolder()));
        } finally {
            if (!started) {
                Folders.delete(folder);
            }
        }
    }

    /** A file of the attack lambdas. */
    static String resource(String name) {
        try (InputStream in = AttackedWorker.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError("cannot read " + name, e);
        }
    }

    /** Installs the attack lambda under a name. */
    void installAttacks(String name, String settings) throws Exception {
        Path source = Files.createDirectories(folder.resolve("lambdas").resolve(name));
        for (String file : ATTACKS) {
            Files.writeString(source.resolve(file), resource(file));
        }
        Files.writeString(source.resolve("ol.yaml"), settings);
        store.install(source);
    }

    /** Installs a lambda of one file. */
    void install(String name, String code, Map<String, String> more) throws Exception {
        Path source = Files.createDirectories(folder.resolve("lambdas").resolve(name));
        Files.writeString(source.resolve("f.py"), code);
        for (Map.Entry<String, String> file : more.entrySet()) {
            Files.writeString(source.resolve(file.getKey()), file.getValue());
        }
        store.install(source);
    }

    Answer call(String lambda, Object event) throws IOException, InterruptedException {
        return send("/run/" + lambda, JSON.writeValueAsString(event));
    }

    /** As {@link #call}, of which the answer must be a good one. */
    Answer ok(String lambda, Object event) throws IOException, InterruptedException {
        Answer answer = call(lambda, event);
        assertEquals(200, answer.status(), () -> lambda + ": " + answer.body());
        return answer;
    }

    /** A call that does not use a connection that there is. */
    Answer callOverNewConnection(String lambda, Object event) throws IOException, InterruptedException {
        try (HttpClient fresh =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            return send(fresh, "/run/" + lambda, JSON.writeValueAsString(event));
        }
    }

    Answer send(String path, String body) throws IOException, InterruptedException {
        return send(client, path, body);
    }

    private Answer send(HttpClient client, String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                        .timeout(Duration.ofSeconds(180))
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return new Answer(
                response.statusCode(),
                JSON.readTree(response.body()),
                response.headers().firstValue("X-Zygotes-Start").orElse(""),
                response.headers().firstValue("X-Zygotes-Sandbox").orElse(""));
    }

    int port() {
        return worker.port();
    }

    Worker worker() {
        return worker;
    }

    /** Ends all leaves of a lambda. */
    void dropLeaves(String lambda) {
        worker.leaves(lambda).forEach(leaf -> leaf.destroy());
    }

    /** The worker directory. */
    Path directory() {
        return directory;
    }

    /** What installs have left, but for the mark that the folder is a worker's. */
    List<Path> staging() throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("packages/.staging"))) {
            return all.filter(path -> !path.endsWith(OwnFolder.MARK)).toList();
        }
    }

    /** Waits until a lambda has printed that. */
    void awaitPrinted(String text) throws IOException, InterruptedException {
        Path log = directory.resolve("logs/lambdas.log");
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!Files.exists(log) || !Files.readString(log).contains(text)) {
            assertTrue(System.nanoTime() < end, () -> "no lambda printed " + text);
            Thread.sleep(10);
        }
    }

    /** The folder of a lambda's only version, as leaves see it under {@code /handler}. */
    Path code(String lambda) throws IOException {
        try (Stream<Path> versions = Files.list(directory.resolve("code").resolve(lambda))) {
            Optional<Path> only = versions.filter(Files::isDirectory).findFirst();
            return only.orElseThrow(() -> new AssertionError("no version of " + lambda));
        }
    }

    @Override
    public void close() throws IOException {
        // In this order: the client waits for calls that still run, and the worker ends them after a while.
        worker.close();
        client.close();
        Folders.delete(folder);
    }
}
