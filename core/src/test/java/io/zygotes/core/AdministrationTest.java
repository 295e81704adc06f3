package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.inject.Guice;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.fake.FakeCache;
import io.zygotes.core.fake.FakeCaches;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanisms;
import io.zygotes.core.http.PrivateFront;
import io.zygotes.spi.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may change what a worker serves, and how, over loopback; only the sandboxes are not real. */
@Timeout(60)
class AdministrationTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOKEN = "a-token-of-this-test-1";
    private static final String CODE = "def f(event): return event\n";

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private WorkerDirectory directory;
    private Path tokenFile;
    private Worker worker;

    @BeforeEach
    void makeDirectory() throws Exception {
        directory = WorkerDirectory.init(folder.resolve("w"), new ByteArrayInputStream("{}".getBytes()));
        tokenFile = token("token", "rw-------", TOKEN + "\n");
    }

    private Path token(String name, String mode, String content) throws IOException {
        Path file = Files.writeString(directory.path().resolve(name), content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private Worker make(String admin) throws Exception {
        Files.writeString(
                directory.configFile(),
                "{\"worker_port\": 0, \"mem_pool_mb\": 1000, \"registry_cache_ms\": 3600000, \"max_upload_mb\": 1"
                        + admin + "}");
        WorkerConfig config = directory.config();
        FakeCaches caches = new FakeCaches("fake", context -> new FakeCache(true));
        FakeMechanisms mechanisms = new FakeMechanisms(context -> new FakeMechanism());
        return Guice.createInjector(new CoreModule(directory, config, caches, mechanisms))
                .getInstance(Worker.class);
    }

    private void start(String admin) throws Exception {
        worker = make(admin);
        worker.start();
    }

    private void startWithToken() throws Exception {
        start(", \"admin\": {\"token_file\": \"token\"}");
    }

    @AfterEach
    void close() {
        if (worker != null) {
            worker.close();
        }
        client.close();
    }

    private HttpResponse<String> send(String method, String path, byte[] body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + worker.port() + path))
                .method(method, body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> asAdministrator(String method, String path, byte[] body) throws Exception {
        return send(method, path, body, "Authorization", "Bearer " + TOKEN);
    }

    private static byte[] zip(Map<String, String> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, String> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    @Test
    void anAdministratorInstallsReplacesAndRemovesALambda() throws Exception {
        startWithToken();

        HttpResponse<String> installed = asAdministrator("POST", "/registry/hello", zip(Map.of("f.py", CODE)));
        assertEquals(201, installed.statusCode(), installed.body());
        assertEquals("Lambda hello uploaded successfully\n", installed.body());
        assertEquals("[\"hello\"]", send("GET", "/registry", new byte[0]).body());
        assertEquals("[\"hello\"]", send("GET", "/registry/", new byte[0]).body());
        assertEquals(200, send("POST", "/run/hello", "1".getBytes()).statusCode());
        String first = version("hello");

        assertEquals(
                201,
                asAdministrator("POST", "/registry/hello", zip(Map.of("f.py", CODE + "# new\n")))
                        .statusCode());
        assertFalse(first.equals(version("hello")), "the next request finds the new version");

        assertEquals(
                200, asAdministrator("DELETE", "/registry/hello", new byte[0]).statusCode());
        assertEquals(404, send("POST", "/run/hello", "1".getBytes()).statusCode());
        assertEquals(
                404, asAdministrator("DELETE", "/registry/hello", new byte[0]).statusCode());
        try (Stream<Path> left = Files.list(directory.config().stateFolder().resolve("uploads"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    private String version(String name) throws Exception {
        HttpResponse<String> described = send("GET", "/registry/" + name, new byte[0]);
        assertEquals(200, described.statusCode(), described.body());
        return JSON.readTree(described.body()).path("version").asText();
    }

    @Test
    void withoutATokenNobodyIsAnAdministratorOverHttpAndIsToldHowToBecomeOne() throws Exception {
        start("");

        HttpResponse<String> refused = asAdministrator("POST", "/registry/hello", zip(Map.of("f.py", CODE)));

        assertEquals(403, refused.statusCode());
        assertTrue(refused.body().contains("token_file"), refused.body());
        assertEquals("[]", send("GET", "/registry", new byte[0]).body());
    }

    @Test
    void whoHasNotTheTokenChangesNothing() throws Exception {
        startWithToken();
        byte[] body = zip(Map.of("f.py", CODE));

        HttpResponse<String> without = send("POST", "/registry/hello", body);
        assertEquals(401, without.statusCode());
        assertTrue(
                without.headers().firstValue("WWW-Authenticate").orElseThrow().startsWith("Bearer"));
        for (String wrong : List.of("Bearer " + TOKEN + "x", "Bearer ", "Basic " + TOKEN, TOKEN)) {
            assertEquals(
                    401,
                    send("POST", "/registry/hello", body, "Authorization", wrong)
                            .statusCode(),
                    wrong);
            assertEquals(
                    401,
                    send("DELETE", "/registry/hello", new byte[0], "Authorization", wrong)
                            .statusCode());
        }
        assertEquals("[]", send("GET", "/registry", new byte[0]).body());
    }

    @Test
    void aNewTokenCountsAtOnceAndOneThatOthersCanReadLetsNobodyIn() throws Exception {
        startWithToken();
        byte[] body = zip(Map.of("f.py", CODE));

        token("token", "rw-------", "another-token-of-this-test");
        assertEquals(401, asAdministrator("POST", "/registry/hello", body).statusCode());

        token("token", "rw-r-----", TOKEN);
        assertEquals(503, asAdministrator("POST", "/registry/hello", body).statusCode());
    }

    @Test
    void aTokenThatCannotBeUsedIsSaidAtTheStart() throws Exception {
        token("short", "rw-------", "short");
        token("open", "rw-r--r--", TOKEN);
        Files.createSymbolicLink(directory.path().resolve("link"), tokenFile);
        Map<String, String> wrong = Map.of(
                "none",
                "does not exist",
                "short",
                "at least 16",
                "open",
                "chmod 600",
                "link",
                "no file",
                ".",
                "no file");
        for (Map.Entry<String, String> name : wrong.entrySet()) {
            Worker refused = make(", \"admin\": {\"token_file\": \"" + name.getKey() + "\"}");
            ConfigException e = assertThrows(ConfigException.class, refused::start);
            assertTrue(e.getMessage().contains("$.admin.token_file"), e.getMessage());
            assertTrue(e.getMessage().contains(name.getValue()), e.getMessage());
            assertFalse(e.getMessage().contains(TOKEN), e.getMessage());
        }
    }

    @Test
    void whatIsWrongWithALambdaItsSenderHears() throws Exception {
        startWithToken();

        HttpResponse<String> broken =
                asAdministrator("POST", "/registry/hello", zip(Map.of("f.py", CODE, "ol.yaml", "limits:\n  mem: 1\n")));
        assertEquals(400, broken.statusCode());
        assertTrue(broken.body().contains("'mem' is no key here"), broken.body());
        assertEquals(
                400, asAdministrator("POST", "/registry/hello", "x".getBytes()).statusCode());
        assertEquals(
                400, asAdministrator("POST", "/registry/hello", new byte[0]).statusCode());
        HttpResponse<String> large = asAdministrator("POST", "/registry/hello", new byte[(1 << 20) + 1]);
        assertEquals(413, large.statusCode());
        assertTrue(large.body().contains("max_upload_mb"), large.body());
        assertEquals("[]", send("GET", "/registry", new byte[0]).body());
    }

    @Test
    void namesAndPathsThatMeanSomethingElsewhereAreRefused() throws Exception {
        startWithToken();
        byte[] body = zip(Map.of("f.py", CODE));

        for (String name : List.of("a%2fb", "%2e%2e", "a%0ab", "%ff", "x".repeat(300), "a%20b")) {
            HttpResponse<String> refused = asAdministrator("POST", "/registry/" + name, body);
            assertEquals(400, refused.statusCode(), name);
            assertTrue(refused.body().contains("is not a lambda name"), refused.body());
            assertEquals(
                    400,
                    asAdministrator("DELETE", "/registry/" + name, new byte[0]).statusCode(),
                    name);
        }
        assertEquals(404, asAdministrator("POST", "/registry/a/b", body).statusCode());
        assertEquals(405, asAdministrator("PUT", "/registry/hello", body).statusCode());
        assertEquals(405, asAdministrator("POST", "/registry", body).statusCode());
        assertEquals(
                405,
                asAdministrator("DELETE", "/registry/hello/config", new byte[0]).statusCode());
        try (Stream<Path> all = Files.list(directory.path().resolve("registry"))) {
            assertEquals(List.of(), all.toList());
        }
    }

    @Test
    void theConfigOfALambdaIsAsInOpenLambda() throws Exception {
        startWithToken();
        asAdministrator("POST", "/registry/plain", zip(Map.of("f.py", CODE)));
        asAdministrator("POST", "/registry/triggered", zip(Map.of("f.py", CODE, "ol.yaml", """
            environment:
              SECRET: do-not-tell
            limits:
              mem_mb: 77
            triggers:
              http:
                - method: POST
              cron:
                - schedule: "*/5 * * * *"
              kafka:
                - bootstrap_servers: ["localhost:9092"]
                  topics: [events]
                  group_id: group
            """)));

        assertEquals(
                JSON.readTree("{\"HTTP\": [{\"Method\": \"*\"}], \"Cron\": null, \"Kafka\": null}"),
                config("plain").path("Triggers"));
        assertEquals(
                JSON.readTree("{\"HTTP\": [{\"Method\": \"POST\"}], \"Cron\": [{\"Schedule\": \"*/5 * * * *\"}],"
                        + " \"Kafka\": [{\"bootstrap_servers\": [\"localhost:9092\"], \"topics\": [\"events\"],"
                        + " \"group_id\": \"group\"}]}"),
                config("triggered").path("Triggers"));
        assertEquals(77, config("triggered").path("Limits").path("mem_mb").asInt());
        assertFalse(send("GET", "/registry/triggered", new byte[0]).body().contains("do-not-tell"));
        assertEquals(404, send("GET", "/registry/none/config", new byte[0]).statusCode());
    }

    private JsonNode config(String name) throws Exception {
        HttpResponse<String> answer = send("GET", "/registry/" + name + "/config", new byte[0]);
        assertEquals(200, answer.statusCode(), answer.body());
        return JSON.readTree(answer.body());
    }

    @Test
    void whoeverComesOverThePrivateSocketIsAnAdministrator() throws Exception {
        start("");
        byte[] body = zip(Map.of("f.py", CODE));

        PrivateFront.Answer answer = worker.privateFront()
                .answer(new PrivateFront.Question(
                        "POST", "/registry/hello", null, Map.of(), body.length, new ByteArrayInputStream(body)));

        assertEquals(201, answer.status());
        assertEquals(200, send("POST", "/run/hello", "1".getBytes()).statusCode());
    }

    @Test
    void whoAsksForTextGetsErrorsAsText() throws Exception {
        start("");

        HttpResponse<String> text = send("GET", "/run/none", new byte[0], "Accept", "text/plain, */*;q=0.1");
        assertEquals(404, text.statusCode());
        assertTrue(text.body().startsWith("there is no lambda 'none'"), text.body());
        assertTrue(text.headers().firstValue("Content-Type").orElseThrow().startsWith("text/plain"));
        HttpResponse<String> json = send("GET", "/run/none", new byte[0], "Accept", "application/json, text/plain");
        assertTrue(json.body().startsWith("{"), json.body());
    }
}
