package io.zygotes.launcher.measure.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a server that says what a test has it say. */
class KeepAliveTest {

    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    /** Takes one connection, answers each request with the next answer, and returns the last request. */
    private CompletableFuture<String> answer(int requestLength, String... answers) {
        return CompletableFuture.supplyAsync(() -> {
            try (Socket connection = server.accept()) {
                String request = "";
                for (String answer : answers) {
                    request = new String(connection.getInputStream().readNBytes(requestLength), StandardCharsets.UTF_8);
                    connection.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                }
                return request;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void oneConnectionTakesManyRequests() throws Exception {
        byte[] request = KeepAlive.call("hello-1", "{}");
        CompletableFuture<String> served = answer(
                request.length,
                "HTTP/1.1 200 OK\r\nX-Zygotes-Start: hit\r\nContent-Length: 3\r\n\r\none",
                "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n");
        try (KeepAlive connection = new KeepAlive(server.getLocalPort())) {
            assertEquals(new KeepAlive.Answer(200, "hit", "one"), connection.send(request));
            assertEquals(new KeepAlive.Answer(429, "", ""), connection.send(request));
        }
        assertEquals(new String(request, StandardCharsets.UTF_8), served.get());
    }

    @Test
    void anAnswerThatBreaksOffIsAnError() throws Exception {
        byte[] request = KeepAlive.get("/status");
        CompletableFuture<String> served = answer(request.length, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        try (KeepAlive connection = new KeepAlive(server.getLocalPort())) {
            assertThrows(EOFException.class, () -> connection.send(request));
        }
        served.get();
    }
}
