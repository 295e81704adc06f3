package io.zygotes.core.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpFrontTest {

    private static final Duration IDLE = Duration.ofMillis(300);

    private final AtomicReference<String> failure = new AtomicReference<>("none");
    private final BodyRoom room = new BodyRoom(1 << 20);
    private HttpFront front;
    private int port;

    @BeforeEach
    void start() throws IOException {
        front = new HttpFront("localhost", 0, IDLE, room);
        port = front.bind();
        front.refuse((client, server) -> false);
        front.serve(this::answer);
    }

    @AfterEach
    void close() throws IOException {
        front.close();
    }

    /** Thinks for a while and answers with the body. */
    private HttpAnswer answer(HttpQuestion question) {
        try {
            byte[] body = question.body().read();
            Thread.sleep(question.path().equals("/slow") ? 4 * IDLE.toMillis() : 0);
            return new HttpAnswer(200, HttpAnswer.TEXT, Map.of(), body);
        } catch (IOException | TooLargeException | InterruptedException e) {
            failure.set(e.toString());
            return new HttpAnswer(400, HttpAnswer.TEXT, Map.of("Connection", "close"), new byte[0]);
        }
    }

    private static String head(String path, int length) {
        return "POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private String exchange(String sent) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void anAnswerMayTakeLongerThanAConnectionMayIdle() throws Exception {
        String response = exchange(head("/slow", 4) + "body");

        assertTrue(response.startsWith("HTTP/1.1 200") && response.endsWith("\r\n\r\nbody"), response);
    }

    @Test
    void aClientThatStopsSendingLosesItsConnection() throws Exception {
        String response = exchange(head("/", 4) + "bo");

        assertTrue(response.isEmpty() || response.startsWith("HTTP/1.1 400"), response);
        assertTrue(failure.get().contains("imeout"), failure.get());
    }

    @Test
    void aClientThatSendsNoRequestLosesItsConnection() throws Exception {
        assertEquals("", exchange(""));
        String response = exchange("POST / HT");
        assertTrue(response.isEmpty() || response.startsWith("HTTP/1.1 4"), response);
    }

    @Test
    void whatClientsOnlySayThatTheyWillSendTakesNoMemory() throws Exception {
        List<Socket> boasters = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                boasters.add(socket);
                socket.getOutputStream()
                        .write((head("/", HttpFront.MAX_BODY) + "b").getBytes(StandardCharsets.ISO_8859_1));
            }
            String response = exchange(head("/", 300_000) + "x".repeat(300_000));

            assertTrue(response.startsWith("HTTP/1.1 200") && response.endsWith("xxx"), failure.get());
        } finally {
            for (Socket socket : boasters) {
                socket.close();
            }
        }
    }

    @Test
    void bodiesTakeNoMoreMemoryTogetherThanTheyMay() throws Exception {
        try (Socket first = new Socket(InetAddress.getLoopbackAddress(), port)) {
            first.getOutputStream()
                    .write((head("/", 900_000) + "x".repeat(800_000)).getBytes(StandardCharsets.ISO_8859_1));
            for (long end = System.nanoTime() + 10_000_000_000L; room.taken() < 800_000 && System.nanoTime() < end; ) {
                Thread.sleep(5);
            }
            String large = "";
            try {
                large = exchange(head("/", 300_000) + "x".repeat(300_000));
            } catch (SocketException e) {
                // it is not read to its end
            }
            String small = exchange(head("/", 4) + "body");

            assertTrue(large.isEmpty() || large.startsWith("HTTP/1.1 400"), large);
            assertTrue(failure.get().contains("try again later"), failure.get());
            assertTrue(small.startsWith("HTTP/1.1 200") && small.endsWith("body"), small);
        }
        for (long end = System.nanoTime() + 10_000_000_000L; room.taken() > 0 && System.nanoTime() < end; ) {
            Thread.sleep(5);
        }
        assertEquals(0, room.taken(), "what ended requests had is given back");
    }

    @Test
    void connectionsOfLambdasAreRefusedAndFewAreHeldHoweverManyThereAre() throws Exception {
        try (HttpFront guarded = new HttpFront("localhost", 0, Duration.ofMinutes(1), room)) {
            int guardedPort = guarded.bind();
            AtomicReference<Boolean> lambdas = new AtomicReference<>(true);
            guarded.refuse((client, server) -> lambdas.get());
            guarded.serve(this::answer);
            List<Socket> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 200; i++) {
                    silent.add(new Socket(InetAddress.getLoopbackAddress(), guardedPort));
                }
                int held = 0;
                for (Socket socket : silent) {
                    socket.setSoTimeout(300);
                    try {
                        assertEquals(-1, socket.getInputStream().read());
                    } catch (SocketTimeoutException e) {
                        held++;
                    }
                }
                assertTrue(held < 40, held + " are held");
                lambdas.set(false);
                port = guardedPort;
                assertTrue(exchange(head("/", 4) + "body").endsWith("body"), "others are served");
            } finally {
                for (Socket socket : silent) {
                    socket.close();
                }
            }
            lambdas.set(true);
            for (int i = 0; i < 100; i++) {
                String response = exchange(head("/", 4) + "body");
                assertTrue(response.isEmpty() || response.startsWith("HTTP/1.1 403"), response);
            }
            assertTrue(exchange(head("/", 4) + "body").startsWith("HTTP/1.1 403"), "one after the other is told");
        }
    }

    @Test
    void aClientThatGoesAwayHoldsNothing() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(head("/", 4).getBytes(StandardCharsets.ISO_8859_1));
        }
        assertTrue(exchange(head("/", 4) + "body").endsWith("body"));
    }
}
