package io.zygotes.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.http.PrivateFront;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
// The socket answers on its own threads; the tests only keep it open.
@SuppressWarnings("try")
class ControlSocketTest {

    private static final ControlAnswer FINE = new ControlAnswer(200, "{\"say\": \"fine, ümläut\"}");

    @TempDir
    Path folder;

    private ControlSocket open(Path directory, Supplier<ControlAnswer> reload) throws IOException {
        return ControlSocket.open(directory, Map.of("/admin/reload", _ -> reload.get()), ControlSocketTest::echo);
    }

    /** What other paths answer. */
    private static PrivateFront.Answer echo(PrivateFront.Question question) {
        try {
            String text = question.method() + " " + question.path() + " "
                    + question.headers().get("x-mine") + " "
                    + new String(question.body().readAllBytes(), StandardCharsets.UTF_8);
            return new PrivateFront.Answer(
                    201, Map.of("Content-Type", "text/plain"), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends bytes as they are and reads until the other side closes. */
    private String exchange(String request) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("control.sock")))) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            Channels.newInputStream(channel).transferTo(answer);
        } catch (SocketException e) {
            // Who closes before it has read all is told so, behind the answer (unix(7)): a request too large, for
            // example.
        }
        return answer.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aCommandIsAnsweredWithStatusAndJson() throws Exception {
        try (ControlSocket opened = open(folder, () -> FINE)) {
            assertEquals(new ControlAnswer(200, FINE.json() + "\n"), ControlSocket.ask(folder, "/admin/reload"));
            assertEquals(200, ControlSocket.ask(folder, "/admin/reload").status(), "again");
        }
    }

    @Test
    void otherPathsAreThoseOfTheWorker() throws Exception {
        try (ControlSocket opened = open(folder, () -> FINE)) {
            String answer = exchange("POST /registry/hello HTTP/1.1\r\nHost: x\r\nX-Mine: me\r\nContent-Length: 2\r\n"
                    + "Connection: close\r\n\r\nab");

            assertTrue(answer.startsWith("HTTP/1.1 201 "), answer);
            assertTrue(answer.endsWith("\r\n\r\nPOST /registry/hello me ab"), answer);
        }
    }

    @Test
    void aCommandGetsWhatStandsBehindTheQuestionMark() throws Exception {
        try (ControlSocket opened = ControlSocket.open(
                folder,
                Map.of("/admin/say", argument -> new ControlAnswer(200, "\"" + argument + "\"")),
                ControlSocketTest::echo)) {
            assertEquals(
                    "\"hello-1\"\n",
                    ControlSocket.ask(folder, "/admin/say?hello-1").json());
            assertEquals("\"\"\n", ControlSocket.ask(folder, "/admin/say").json());
        }
    }

    @Test
    void aCommandThatFailsKeepsItsStatus() throws Exception {
        try (ControlSocket opened = open(folder, () -> new ControlAnswer(409, "{\"error\": \"no\"}"))) {
            assertEquals(409, ControlSocket.ask(folder, "/admin/reload").status());
        }
    }

    @Test
    void itSpeaksHttpAsOrdinaryClientsDo() throws Exception {
        try (ControlSocket opened = open(folder, () -> FINE)) {
            String answer = exchange("POST /admin/reload?now HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/8.5.0\r\n"
                    + "Accept: */*\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");

            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
            assertTrue(answer.contains("Content-Type: application/json\r\n"), answer);
            assertTrue(answer.endsWith("\r\n\r\n" + FINE.json() + "\n"), answer);
        }
    }

    @Test
    void otherPathsMethodsAndNonsenseAreRefusedAndRunNothing() throws Exception {
        try (ControlSocket opened = open(folder, () -> {
            throw new AssertionError("not asked for");
        })) {
            String get = exchange("GET /admin/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            String other =
                    exchange("POST /admin/halt HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            String line = exchange("reload\n");
            String both = exchange("POST /admin/reload HTTP/1.1\r\n"
                    + "Host: x\r\n"
                    + "Content-Length: 3\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
                    + "0\r\n\r\n");
            String hostless = exchange("POST /admin/reload HTTP/1.1\r\n\r\n");
            String huge = exchange("POST /admin/reload HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(1 << 16) + "\r\n\r\n");

            assertTrue(get.startsWith("HTTP/1.1 405 ") && get.contains("Allow: POST"), get);
            assertTrue(other.startsWith("HTTP/1.1 404 ") && other.contains("/admin/reload"), other);
            assertTrue(line.startsWith("HTTP/1.1 400 "), line);
            assertTrue(both.startsWith("HTTP/1.1 400 "), both);
            assertTrue(hostless.startsWith("HTTP/1.1 400 "), hostless);
            assertTrue(huge.startsWith("HTTP/1.1 431 "), huge);
        }
    }

    @Test
    void nobodyButTheOwnerCanConnect() throws Exception {
        try (ControlSocket opened = open(folder, () -> FINE)) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("control.sock"))));
        }
    }

    @Test
    void aClientThatGoesAwayOrSaysNothingStopsNobody() throws Exception {
        try (ControlSocket opened = open(folder, () -> FINE);
                SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("control.sock"));
            SocketChannel gone = SocketChannel.open(address);
            gone.close();
            silent.connect(address);

            assertEquals(200, ControlSocket.ask(folder, "/admin/reload").status());
        }
    }

    @Test
    void aCommandMayTakeLongerThanAClientMayBeSilent() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (ControlSocket opened = open(folder, () -> {
            try {
                never.await(6, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return FINE;
        })) {
            assertEquals(200, ControlSocket.ask(folder, "/admin/reload").status());
        }
    }

    @Test
    void closingRemovesTheSocketAndALeftOneIsReplaced() throws Exception {
        Files.writeString(folder.resolve("control.sock"), "left by a worker that was killed");
        ControlSocket opened = open(folder, () -> FINE);
        assertEquals(200, ControlSocket.ask(folder, "/admin/reload").status());

        opened.close();
        opened.close();

        assertFalse(Files.exists(folder.resolve("control.sock")));
        assertThrows(IOException.class, () -> ControlSocket.ask(folder, "/admin/reload"));
    }

    @Test
    void aPathOfAnyLengthWorks() throws Exception {
        Path deep = folder;
        while (deep.toString().length() < 600) {
            deep = deep.resolve("ä".repeat(50));
        }
        Files.createDirectories(deep);
        try (ControlSocket opened = open(deep, () -> FINE)) {
            assertEquals(200, ControlSocket.ask(deep, "/admin/reload").status());
            assertTrue(Files.exists(deep.resolve("control.sock")));
        }
        assertFalse(Files.exists(deep.resolve("control.sock")));
    }

    @Test
    void aShorterWayToALongPathLeavesNothingBehind() throws Exception {
        Path deep = Files.createDirectories(folder.resolve("x".repeat(120)));
        Path way;
        try (SocketPath path = SocketPath.of(deep, "control.sock")) {
            way = path.path();
            assertTrue(way.toString().length() <= SocketPath.LONGEST, way.toString());
            assertEquals(deep.toRealPath(), way.getParent().toRealPath());
            assertEquals(
                    "rwx------",
                    PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(way.getParent().getParent())));
        }
        assertFalse(Files.exists(way.getParent().getParent()));
    }
}
