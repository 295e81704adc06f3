package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.ReservedConcurrency;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The API with a registry in a folder, and functions that do what a test says. */
final class ApiUnderTest implements AutoCloseable {

    static final Limits LIMITS = new Limits(128, 10, 100, 0, 3, 64, 8);
    private static final ObjectMapper JSON = new ObjectMapper();

    final Path folder;
    final FakeFunctions functions = new FakeFunctions();
    final List<String> printed = new CopyOnWriteArrayList<>();
    final OutputTails output = new OutputTails((sandbox, label, line) -> printed.add(label + " | " + line));
    final LambdaRegistry registry;
    final MemoryEventQueue events = new MemoryEventQueue(functions, output, 1);
    final ReservedConcurrency limits = new ReservedConcurrency();
    final AwsAccess access;
    final AwsApi api;

    ApiUnderTest(Path folder) throws IOException {
        this(folder, Map.of());
    }

    ApiUnderTest(Path folder, Map<String, String> credentials) throws IOException {
        this.folder = folder;
        registry = new LambdaRegistry(
                store(folder), folder.resolve("code"), Duration.ZERO, LIMITS, NetworkSetting.INTERNET, 1000, Map::of);
        registry.clean();
        access = new AwsAccess(credentials, "");
        api = new AwsApi(
                access,
                folder.resolve("aws"),
                registry,
                LambdaUploads.ofWorker(registry),
                functions,
                limits,
                events,
                output,
                () -> "python3.11");
        api.start();
    }

    /** That of a worker whose lambdas may have 1000 MiB. */
    private static LambdaStore store(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("registry"));
        Path file = Files.writeString(folder.resolve(WorkerConfig.FILE), """
            {"mem_pool_mb": 2000, "limits": {"mem_mb": 128}, "installer_limits": {"mem_mb": 128}}\
            """);
        try {
            return LambdaStore.of(WorkerConfig.read(file));
        } catch (ConfigException e) {
            throw new IOException(e);
        }
    }

    /** Puts a lambda into the registry, as somebody would who knows nothing of AWS. */
    void lambda(String name, String settings) throws IOException {
        Path lambda = Files.createDirectories(folder.resolve("registry").resolve(name));
        Files.writeString(lambda.resolve("f.py"), "def f(event):\n    return event\n");
        Files.writeString(lambda.resolve("ol.yaml"), settings);
    }

    /** @param headers names and values in turn */
    AwsAnswer send(String method, String target, byte[] body, String... headers) throws InterruptedException {
        Map<String, String> all = new TreeMap<>();
        for (int i = 0; i < headers.length; i += 2) {
            all.put(headers[i].toLowerCase(Locale.ROOT), headers[i + 1]);
        }
        int mark = target.indexOf('?');
        AwsRequest request = new AwsRequest(
                method,
                mark < 0 ? target : target.substring(0, mark),
                mark < 0 ? "" : target.substring(mark + 1),
                all,
                body);
        return api.answer(request, AwsApi.Sender.CLIENT);
    }

    /** Sends a request that is signed by the one key. */
    AwsAnswer signed(String method, String target, byte[] body) throws Exception {
        return signed(method, target, body, AwsApi.Sender.CLIENT);
    }

    AwsAnswer signed(String method, String target, byte[] body, AwsApi.Sender sender) throws Exception {
        int mark = target.indexOf('?');
        AwsRequest request = new AwsRequest(
                method,
                mark < 0 ? target : target.substring(0, mark),
                mark < 0 ? "" : target.substring(mark + 1),
                Map.of("host", "localhost:5000"),
                body);
        String key = access.credentials().keySet().iterator().next();
        String query =
                access.signatures(InstantSource.system()).presign(key, request, "us-east-1", Duration.ofMinutes(10));
        return api.answer(new AwsRequest(method, request.path(), query, request.headers(), body), sender);
    }

    /** As {@link #signed(String, String, byte[])}, with JSON in which {@code '} stands for {@code "}. */
    AwsAnswer signed(String method, String target, String json) throws Exception {
        return signed(method, target, json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    AwsAnswer get(String target) throws Exception {
        return signed("GET", target, "");
    }

    /** A zip with these files, names and contents in turn. */
    static byte[] zip(String... files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < files.length; i += 2) {
                zip.putNextEntry(new ZipEntry(files[i]));
                zip.write(files[i + 1].getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    AwsAnswer invoke(String function, String event, String... headers) throws InterruptedException {
        return send(
                "POST",
                "/2015-03-31/functions/" + function + "/invocations",
                event.getBytes(StandardCharsets.UTF_8),
                headers);
    }

    static String text(AwsAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    static JsonNode json(AwsAnswer answer) throws IOException {
        return JSON.readTree(answer.body());
    }

    /** The error that an answer tells: its shape and its status. */
    static String error(AwsAnswer answer) {
        return answer.headers().get("x-amzn-ErrorType") + " " + answer.status();
    }

    @Override
    public void close() {
        events.close();
    }
}
