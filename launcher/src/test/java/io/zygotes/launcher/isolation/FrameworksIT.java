package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.core.registry.LambdaStore;
import io.zygotes.launcher.image.Machine;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The examples of web applications and handlers, with the frameworks that they are made for. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FrameworksIT {

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private AttackedWorker worker;

    @BeforeAll
    void start() throws Exception {
        Machine.require("FrameworksIT");
        worker = AttackedWorker.start(config -> {});
    }

    @AfterAll
    void stop() throws Exception {
        client.close();
        if (worker != null) {
            worker.close();
        }
    }

    private void install(String example) throws Exception {
        Path source = Path.of(System.getProperty("zygotes.examples"), "lambdas", example);
        new LambdaStore(worker.directory().resolve("registry")).install(source);
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + worker.port() + "/run/" + path))
                .header("Content-Type", "application/json")
                .header("X-Request-Id", "mine")
                .method(method, BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private String answer(String method, String path, String body) throws Exception {
        HttpResponse<String> response = send(method, path, body);
        return response.statusCode() + " " + response.body().strip();
    }

    @Test
    void flask() throws Exception {
        install("flask");
        assertEquals("200 {\"item\":\"seven\"}", answer("GET", "flask/items/7", ""));
        assertEquals("404 {\"error\":\"there is no item 8\"}", answer("GET", "flask/items/8", ""));
        HttpResponse<String> put = send("PUT", "flask/items/8", "{\"name\": \"eight\"}");
        assertEquals(
                "201 {\"item\":\"eight\"}", put.statusCode() + " " + put.body().strip());
        assertEquals("/items/8", put.headers().firstValue("Location").orElseThrow());
        assertEquals("200 part 0\npart 1\npart 2", answer("GET", "flask/slowly", ""));
        assertEquals("405", answer("DELETE", "flask/items/7", "").substring(0, 3));
    }

    @Test
    void django() throws Exception {
        install("django");
        assertEquals(
                "200 {\"hello\": \"you\", \"here\": \"/run/django/hello/you\", \"asked\": \"1\"}",
                answer("GET", "django/hello/you?q=1", ""));
        assertEquals("404", answer("GET", "django/other", "").substring(0, 3));
    }

    @Test
    void fastApiAndStarlette() throws Exception {
        install("fastapi");
        assertEquals("201 {\"text\":\"hi\",\"stars\":0}", answer("POST", "fastapi/", "{\"text\": \"hi\"}"));
        assertEquals("422", answer("POST", "fastapi/", "{}").substring(0, 3));
        String told = answer("GET", "fastapi/", "");
        assertEquals("200 {\"started\":[\"started\"]", told.substring(0, told.indexOf(",\"noted\"")));
        install("starlette");
        assertEquals("200 0\n1\n2", answer("GET", "starlette/count/3", ""));
    }

    @Test
    void aHandler() throws Exception {
        install("aws");
        HttpResponse<String> response = send("PATCH", "aws/a/b", "{}");
        assertEquals("{\"method\": \"PATCH\", \"path\": \"/a/b\"}", response.body());
        assertEquals("mine", response.headers().firstValue("X-Request").orElseThrow());
    }
}
