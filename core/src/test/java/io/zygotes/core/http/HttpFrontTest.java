package io.zygotes.core.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.fake.Eventually;
import io.zygotes.core.http.HttpQuestion.TooLargeException;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Origin;
import io.zygotes.spi.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpFrontTest {

    /** Long enough that no client of these tests is silent for it by accident. */
    private static final Duration LONG = Duration.ofSeconds(30);
    /** For tests of clients that are silent on purpose. */
    private static final Duration IDLE = Duration.ofSeconds(1);

    private static final int LARGE = 12 << 20;

    private final AtomicReference<String> failure = new AtomicReference<>("none");
    private final BodyRoom room = new BodyRoom(1 << 20);
    private static final int MAX_BODY = 6 << 20;

    private final CountDownLatch gotFirst = new CountDownLatch(1);
    private HttpFront front;
    private int port;

    @BeforeEach
    void start() throws IOException {
        start(LONG, LONG, room);
    }

    private void start(Duration idle, Duration patience, BodyRoom memory) throws IOException {
        front = new HttpFront("localhost", 0, idle, patience, memory, MAX_BODY);
        port = front.bind();
        front.refuse((client, server) -> false);
        front.serve(this::answer);
    }

    private void restart(Duration patience, BodyRoom memory) throws IOException {
        front.close();
        start(LONG, patience, memory);
    }

    /** From now on a connection may idle only for {@link #IDLE}. */
    private void restartImpatiently() throws IOException {
        front.close();
        start(IDLE, LONG, room);
    }

    private void awaitTaken(LongPredicate bytes, BodyRoom memory) throws Exception {
        Eventually.holds("bodies take no more and no less", () -> bytes.test(memory.taken()));
    }

    @AfterEach
    void close() throws IOException {
        front.close();
    }

    private static String cookies(HttpQuestion question) {
        return new Invocation("GET", "", question.headers().read(), new byte[0], Origin.UNKNOWN)
                .headers()
                .get("cookie");
    }

    /** Answers in parts; it goes on when the client has got the first one, and with "/parts/broken" ends badly. */
    private HttpAnswer inParts(HttpQuestion question) throws IOException, InterruptedException {
        List<HeaderField> fields = List.of(new HeaderField("Set-Cookie", "a=1"), new HeaderField("Set-Cookie", "b=2"));
        question.stream().begin(new Reply(201, fields, "one ".getBytes(StandardCharsets.UTF_8)));
        assertTrue(gotFirst.await(30, TimeUnit.SECONDS), "the client did not get the first part");
        question.stream().write("two".getBytes(StandardCharsets.UTF_8));
        return question.path().equals("/parts") ? HttpAnswer.streamed(201, fields) : HttpAnswer.text("lost");
    }

    /** Thinks for a while and answers with the body. */
    private HttpAnswer answer(HttpQuestion question) {
        try {
            byte[] body = question.body().read();
            if (question.path().equals("/large")) {
                return new HttpAnswer(200, HttpAnswer.TEXT, Map.of("X-Large", "yes"), new byte[LARGE]);
            }
            if (question.path().equals("/error")) {
                throw new AssertionError("on purpose");
            }
            if (question.path().equals("/sender")) {
                return HttpAnswer.text(question.sender().name());
            }
            if (question.path().startsWith("/echo")) {
                String text = question.path() + " " + cookies(question);
                return HttpAnswer.text(text);
            }
            if (question.path().startsWith("/parts")) {
                return inParts(question);
            }
            Thread.sleep(question.path().equals("/slow") ? 3 * IDLE.toMillis() / 2 : 0);
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
        restartImpatiently();
        String response = exchange(head("/slow", 4) + "body");

        assertTrue(response.startsWith("HTTP/1.1 200") && response.endsWith("\r\n\r\nbody"), response);
    }

    @Test
    void aClientThatStopsSendingLosesItsConnection() throws Exception {
        restartImpatiently();
        String response = exchange(head("/", 4) + "bo");

        assertTrue(response.isEmpty() || response.startsWith("HTTP/1.1 400"), response);
        assertTrue(failure.get().contains("imeout"), failure.get());
    }

    @Test
    void aClientThatSendsNoRequestLosesItsConnection() throws Exception {
        restartImpatiently();
        assertEquals("", exchange(""));
        String response = exchange("POST / HT");
        assertTrue(response.isEmpty() || response.startsWith("HTTP/1.1 4"), response);
    }

    @Test
    void anAnswerInPartsArrivesPartByPart() throws Exception {
        assertEquals("HTTP/1.1 201 Created, a=1, b=2, one two, whole", parts("/parts"));
    }

    @Test
    void anAnswerThatBreaksOffIsNotTakenForAWholeOne() throws Exception {
        assertEquals("HTTP/1.1 201 Created, a=1, b=2, one two, broken off", parts("/parts/broken"));
    }

    /** What a client sees of an answer in parts; it lets the second one come when it has the first. */
    private String parts(String path) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write(head(path, 0).getBytes(StandardCharsets.ISO_8859_1));
            StringBuilder all = new StringBuilder();
            InputStream in = socket.getInputStream();
            while (!all.toString().endsWith("one ")) {
                int next = in.read();
                assertTrue(next >= 0, all::toString);
                all.append((char) next);
            }
            gotFirst.countDown();
            all.append(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
            String text = all.toString();
            return String.join(
                    ", ",
                    text.substring(0, text.indexOf('\r')),
                    text.contains("Set-Cookie: a=1\r\n") ? "a=1" : "",
                    text.contains("Set-Cookie: b=2\r\n") ? "b=2" : "",
                    text.contains("\r\n3\r\ntwo") ? "one two" : "one",
                    text.endsWith("\r\n0\r\n\r\n") ? "whole" : "broken off");
        }
    }

    @Test
    void whatClientsOnlySayThatTheyWillSendTakesNoMemory() throws Exception {
        List<Socket> boasters = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                boasters.add(socket);
                socket.getOutputStream().write((head("/", MAX_BODY) + "b").getBytes(StandardCharsets.ISO_8859_1));
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
            awaitTaken(bytes -> bytes >= 800_000, room);
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
        // What ended requests had is given back.
        awaitTaken(bytes -> bytes == 0, room);
    }

    @Test
    void connectionsOfLambdasAreRefusedAndFewAreHeldHoweverManyThereAre() throws Exception {
        try (HttpFront guarded = new HttpFront("localhost", 0, Duration.ofMinutes(1), LONG, room, MAX_BODY)) {
            int guardedPort = guarded.bind();
            AtomicReference<Boolean> lambdas = new AtomicReference<>(true);
            guarded.refuse((client, server) -> lambdas.get());
            guarded.serve(this::answer);
            List<Socket> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 200; i++) {
                    silent.add(new Socket(InetAddress.getLoopbackAddress(), guardedPort));
                }
                Eventually.holds("few are held", () -> held(silent) < 40);
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
    void whoIsALambdaIsKnownOfTheOnesThatAreAnswered() throws Exception {
        front.distrust((client, server) -> true);
        assertTrue(exchange(head("/sender", 0)).endsWith("LAMBDA"));
        front.distrust((client, server) -> false);
        assertTrue(exchange(head("/sender", 0)).endsWith("CLIENT"));
    }

    /** How many of these connections the server has not closed. */
    private static int held(List<Socket> connections) throws IOException {
        int held = 0;
        for (Socket socket : connections) {
            socket.setSoTimeout(1);
            try {
                assertEquals(-1, socket.getInputStream().read());
            } catch (SocketTimeoutException e) {
                held++;
            }
        }
        return held;
    }

    /** Asks for a large answer and reads nothing of it. */
    private Socket askForLarge() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(64 << 10);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.getOutputStream().write(head("/large", 0).getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    /** Reads some and waits some, until there is no more; returns how much it was. */
    private static int readSlowly(Socket socket, int millis) throws IOException, InterruptedException {
        int length = 0;
        InputStream in = socket.getInputStream();
        for (byte[] some = in.readNBytes(256 << 10); some.length > 0; some = in.readNBytes(256 << 10)) {
            length += some.length;
            Thread.sleep(millis);
        }
        return length;
    }

    @Test
    void aStopLetsAnswersBeWrittenToTheirEnd() throws Exception {
        restart(LONG, new BodyRoom(64 << 20));
        try (Socket socket = askForLarge();
                ExecutorService stopping = Executors.newSingleThreadExecutor()) {
            assertEquals('H', socket.getInputStream().read());
            Future<Long> left = stopping.submit(() -> {
                long still = front.drain(Duration.ofSeconds(30));
                front.close();
                return still;
            });

            int length = readSlowly(socket, 20);

            assertTrue(length > LARGE, length + " bytes came");
            assertEquals(0, left.get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void aStopWaitsNoLongerThanItMayForAClientThatDoesNotRead() throws Exception {
        restart(LONG, new BodyRoom(64 << 20));
        try (Socket socket = askForLarge()) {
            assertEquals('H', socket.getInputStream().read());

            assertEquals(1, front.drain(Duration.ofMillis(200)));
        }
    }

    @Test
    void whoDoesNotTakeAnAnswerInTimeLosesItAndItsMemoryIsFree() throws Exception {
        BodyRoom memory = new BodyRoom(64 << 20);
        restart(Duration.ofMillis(1500), memory);
        try (Socket socket = askForLarge()) {
            awaitTaken(bytes -> bytes > LARGE / 2, memory);
            assertEquals('H', socket.getInputStream().read());

            awaitTaken(bytes -> bytes == 0, memory);
        }
    }

    @Test
    void whoTakesAnAnswerSlowlyButAllTheTimeGetsIt() throws Exception {
        // The whole of it takes longer than a piece may.
        restart(Duration.ofSeconds(2), new BodyRoom(64 << 20));
        try (Socket socket = askForLarge()) {
            assertTrue(readSlowly(socket, 60) > LARGE);
        }
    }

    @Test
    void anAnswerThatThereIsNoRoomForSaysThatTheCallRanAndNotToComeAgain() throws Exception {
        String response = exchange(head("/large", 0));

        assertTrue(response.startsWith("HTTP/1.1 503") && response.contains("was carried out"), response);
        assertTrue(response.contains("X-Large: yes"), response);
        assertFalse(response.contains("Retry-After") || response.contains("try again"), response);
    }

    @Test
    void whetherAnAnswerWouldFindRoomIsSeenBeforeItIsThere() throws Exception {
        try (BodyRoom.Share first = room.share();
                BodyRoom.Share second = room.share()) {
            second.check(1 << 20);
            first.takeAnswer(1 << 20);

            assertThrows(HttpQuestion.NoRoomException.class, () -> second.check(64 << 10));
            second.check(BodyRoom.FREE);
        }
        assertEquals(0, room.taken());
    }

    private String get(String path, String... headers) throws IOException {
        return exchange(
                "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + String.join("", headers) + "\r\n");
    }

    @Test
    void aPathArrivesAsItWasSent() throws Exception {
        for (String path : List.of("/echo/a%2Fb", "/echo/100%25", "/echo//x//", "/echo/%2e%2e/y", "/echo/a;b=c/%5C")) {
            String response = get(path);

            assertTrue(response.startsWith("HTTP/1.1 200") && response.contains(path + " "), response);
        }
    }

    @Test
    void cookiesAreJoinedAsCookiesAre() throws Exception {
        String response = get("/echo", "Cookie: a=1, 2\r\n", "Cookie: b=3\r\n");

        assertTrue(response.endsWith("/echo a=1, 2; b=3"), response);
    }

    @Test
    void whatTheServerRefusesItselfIsAnsweredInJsonToo() throws Exception {
        for (String response : List.of(
                get("/a%zz"),
                get("/error"),
                get("/echo", "X-Long: " + "x".repeat(20_000) + "\r\n"),
                exchange("BREW / HTTP/1.1\r\nConnection: close\r\n\r\n"),
                exchange("GARBAGE\r\n\r\n"))) {
            assertTrue(response.matches("(?s)HTTP/1.1 [45].*"), response);
            assertTrue(response.contains("Content-Type: application/json"), response);
            assertTrue(response.matches("(?s).*\\r\\n\\r\\n\\{\"error\":\".*\"}"), response);
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
