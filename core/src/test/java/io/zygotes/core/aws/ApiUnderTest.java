package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.spi.Limits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

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
    final AwsApi api;

    ApiUnderTest(Path folder) throws IOException {
        this(folder, Map.of());
    }

    ApiUnderTest(Path folder, Map<String, String> credentials) throws IOException {
        this.folder = folder;
        registry = new LambdaRegistry(
                new LambdaStore(Files.createDirectories(folder.resolve("registry"))),
                folder.resolve("code"),
                Duration.ZERO,
                LIMITS,
                NetworkSetting.INTERNET,
                1000,
                Map::of);
        registry.clean();
        api = new AwsApi(new AwsAccess(credentials, ""), registry, functions, events, output);
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
        return api.answer(new AwsRequest(
                method,
                mark < 0 ? target : target.substring(0, mark),
                mark < 0 ? "" : target.substring(mark + 1),
                all,
                body));
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
