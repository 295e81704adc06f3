package io.zygotes.launcher.control;

import io.zygotes.core.http.PrivateFront;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpTester;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The socket {@code control.sock} of a worker directory, which takes commands over HTTP.
 *
 * <p>Not the worker's own HTTP server: lambdas see the host's network, and they must not be able to ask.
 */
public final class ControlSocket implements AutoCloseable {

    /** The file name of the socket in the worker directory. */
    public static final String NAME = "control.sock";

    /** What the paths of commands begin with. */
    private static final String COMMANDS = "/admin/";

    /** Kept, because a logger that nobody refers to forgets its level. The worker says itself what it does. */
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

    private static final int THREADS = 8;
    /** Whoever connects and says nothing. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final Path path;
    private final Server server;

    private ControlSocket(Path path, Server server) {
        this.path = path;
        this.server = server;
    }

    /**
     * Opens the socket and answers from now on. Call it with the directory's lock held: what a killed worker left is
     * replaced.
     *
     * @param directory the worker directory
     * @param commands the paths that take a POST, each with what makes the answer of what stands behind a question mark
     *     (empty if nothing does): called by many threads, must not throw
     * @param others answers what comes to paths that do not begin with {@code /admin/}; as the commands
     * @throws IOException if the socket cannot be made
     */
    public static ControlSocket open(
            Path directory,
            Map<String, Function<String, ControlAnswer>> commands,
            Function<PrivateFront.Question, PrivateFront.Answer> others)
            throws IOException {
        Path path = directory.resolve(NAME);
        Files.deleteIfExists(path);
        try (SocketPath bound = SocketPath.of(directory, NAME)) {
            Server server = server(bound.path(), new CommandHandler(new TreeMap<>(commands), others));
            try {
                server.start();
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            } catch (Exception e) {
                // Jetty declares Exception.
                stop(server);
                throw new IOException("cannot make the socket " + path + " (" + e.getMessage() + ")", e);
            }
            return new ControlSocket(path, server);
        }
    }

    private static Server server(Path bound, Handler handler) {
        JETTY.setLevel(Level.WARNING);
        QueuedThreadPool threads = new QueuedThreadPool(THREADS, 1);
        threads.setName("control");
        threads.setDaemon(true);
        Server server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        UnixDomainServerConnector connector =
                new UnixDomainServerConnector(server, 0, 1, new HttpConnectionFactory(http));
        connector.setUnixDomainPath(bound);
        connector.setIdleTimeout(SILENCE.toMillis());
        server.addConnector(connector);
        server.setHandler(handler);
        return server;
    }

    private static void stop(Server server) throws IOException {
        try {
            server.stop();
        } catch (Exception e) {
            // Jetty declares Exception.
            throw new IOException("the control socket does not close: " + e.getMessage(), e);
        }
    }

    /**
     * Sends a command to the worker of a directory and waits for its answer, however long it takes.
     *
     * @param directory the worker directory
     * @param command the path, such as {@code /admin/reload}, and maybe a question mark with an argument behind it
     * @throws IOException if no worker listens there, or it goes away
     */
    public static ControlAnswer ask(Path directory, String command) throws IOException {
        // In spite of its name, Jetty's reader and writer of messages that fit into memory.
        HttpTester.Request request = HttpTester.newRequest();
        request.setMethod("POST");
        request.setURI(command);
        request.put(HttpHeader.HOST, "localhost");
        request.put(HttpHeader.CONTENT_LENGTH, "0");
        request.put(HttpHeader.CONNECTION, "close");
        try (SocketPath path = SocketPath.of(directory, NAME);
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(path.path()));
            ByteBuffer bytes = request.generate();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            HttpTester.Response response = HttpTester.parseResponse(HttpTester.from(channel));
            if (response == null) {
                throw new IOException("the worker went away without an answer");
            }
            return new ControlAnswer(response.getStatus(), response.getContent());
        }
    }

    /** Answers nobody any more and removes the socket. Idempotent. */
    @Override
    public void close() throws IOException {
        try {
            stop(server);
        } finally {
            Files.deleteIfExists(path);
        }
    }

    private static final class CommandHandler extends Handler.Abstract {

        private final TreeMap<String, Function<String, ControlAnswer>> commands;
        private final Function<PrivateFront.Question, PrivateFront.Answer> others;

        CommandHandler(
                TreeMap<String, Function<String, ControlAnswer>> commands,
                Function<PrivateFront.Question, PrivateFront.Answer> others) {
            this.commands = commands;
            this.others = others;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            // A command may take longer than a connection may idle.
            request.addIdleTimeoutListener(timeout -> false);
            String path = request.getHttpURI().getPath();
            if (!path.startsWith(COMMANDS)) {
                return answer(others.apply(question(request)), response, callback);
            }
            Function<String, ControlAnswer> command = commands.get(path);
            ControlAnswer answer;
            if (command == null) {
                answer = error(
                        HttpStatus.NOT_FOUND_404,
                        "there is nothing here but POST " + String.join(", ", commands.keySet()));
            } else if (!request.getMethod().equals("POST")) {
                answer = error(HttpStatus.METHOD_NOT_ALLOWED_405, path + " takes POST only");
                response.getHeaders().put(HttpHeader.ALLOW, "POST");
            } else {
                String query = request.getHttpURI().getQuery();
                answer = command.apply(query == null ? "" : query);
            }
            byte[] body = (answer.json() + "\n").getBytes(StandardCharsets.UTF_8);
            response.setStatus(answer.status());
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
            response.write(true, ByteBuffer.wrap(body), callback);
            return true;
        }

        private static PrivateFront.Question question(Request request) {
            Map<String, String> headers = new TreeMap<>();
            request.getHeaders()
                    .forEach(field -> headers.put(
                            field.getName().toLowerCase(Locale.ROOT),
                            Objects.requireNonNullElse(field.getValue(), "")));
            return new PrivateFront.Question(
                    request.getMethod(),
                    request.getHttpURI().getPath(),
                    request.getHttpURI().getQuery(),
                    headers,
                    request.getLength(),
                    Content.Source.asInputStream(request));
        }

        private static boolean answer(PrivateFront.Answer answer, Response response, Callback callback) {
            response.setStatus(answer.status());
            answer.headers().forEach(response.getHeaders()::put);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().length);
            response.write(true, ByteBuffer.wrap(answer.body()), callback);
            return true;
        }

        /** The messages here hold nothing that JSON would have to escape. */
        private static ControlAnswer error(int status, String message) {
            return new ControlAnswer(status, "{\"error\": \"" + message + "\"}");
        }
    }
}
