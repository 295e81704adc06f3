package io.zygotes.core.http;

import io.zygotes.core.http.HttpQuestion.TooLargeException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The HTTP server. Each request has one platform thread from its first byte to its last, without a change of threads
 * in between: the calls below block in native code, which would pin virtual threads.
 */
public final class HttpFront implements AutoCloseable {

    /** The largest body of a request in bytes, that of AWS Lambda. */
    static final int MAX_BODY = 6 << 20;

    private static final int MAX_HEADERS = 16 << 10;
    private static final int MAX_CONNECTIONS = 4096;
    private static final int MAX_THREADS = 2048;
    private static final Duration THREAD_IDLE = Duration.ofSeconds(20);
    /** A client that takes longer to send its body holds a thread for nothing. */
    private static final long BODY_NANOS = Duration.ofSeconds(60).toNanos();

    /** Kept, because a logger that nobody refers to forgets its level. */
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

    private final BodyRoom room;
    private final Server server;
    private final GuardedConnector connector;

    /**
     * Makes a server; nothing is bound yet.
     *
     * @param host address or name to bind to
     * @param port TCP port; 0 for any free one
     */
    public HttpFront(String host, int port) {
        // A quarter of the heap: a body is copied on its way to a leaf, and an answer on its way back.
        this(
                host,
                port,
                Duration.ofMinutes(1),
                new BodyRoom(Runtime.getRuntime().maxMemory() / 4));
    }

    HttpFront(String host, int port, Duration idle, BodyRoom room) {
        this.room = room;
        // The worker says itself when it serves and where.
        JETTY.setLevel(Level.WARNING);
        QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, 8);
        threads.setName("http");
        // Threads of a burst end soon: Jetty would let go of one a minute, and all count against what the worker may
        // have.
        threads.setIdleTimeout((int) THREAD_IDLE.toMillis());
        threads.setMaxEvictCount(MAX_THREADS);
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(MAX_HEADERS);
        connector = new GuardedConnector(server, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        connector.setIdleTimeout(idle.toMillis());
        connector.setAcceptQueueSize(1024);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
    }

    /**
     * Takes the port, without serving yet: the first thing that a start does, because it is what fails most often.
     *
     * @return the port
     * @throws IOException if it is in use or must not be used
     */
    public int bind() throws IOException {
        connector.open();
        return port();
    }

    /** The port that {@link #bind} took; not positive before and after that. */
    public int port() {
        return connector.getLocalPort();
    }

    /**
     * Says whose requests are not answered; until then nobody's are.
     *
     * @param refused tells from client and server address whether a connection is answered with 403 only; asked once
     *     for each connection
     */
    public void refuse(BiPredicate<InetSocketAddress, InetSocketAddress> refused) {
        connector.refuse(refused);
    }

    /**
     * Serves from now on.
     *
     * @throws IOException if the server does not start
     */
    public void serve(WorkerApi api) throws IOException {
        serve(api::answer);
    }

    void serve(Function<HttpQuestion, HttpAnswer> api) throws IOException {
        server.setHandler(new ApiHandler(api, room));
        try {
            server.start();
        } catch (Exception e) {
            // Jetty declares Exception.
            throw new IOException("the HTTP server does not start: " + e.getMessage(), e);
        }
    }

    /**
     * Lets running requests end, for a while; new ones are refused, and no connection is taken any more.
     *
     * @param api what {@link #serve} was given
     * @param patience how long running requests may go on
     * @return how many requests still run
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public long drain(WorkerApi api, Duration patience) throws InterruptedException {
        connector.close();
        api.stop();
        long until = System.nanoTime() + patience.toNanos();
        while (api.inFlight() > 0 && System.nanoTime() < until) {
            Thread.sleep(5);
        }
        return api.inFlight();
    }

    /** Ends all connections. Idempotent. */
    @Override
    public void close() throws IOException {
        connector.close();
        try {
            server.stop();
        } catch (Exception e) {
            throw new IOException("the HTTP server does not stop: " + e.getMessage(), e);
        }
    }

    private static final class ApiHandler extends Handler.Abstract {

        private final Function<HttpQuestion, HttpAnswer> api;
        private final BodyRoom room;

        ApiHandler(Function<HttpQuestion, HttpAnswer> api, BodyRoom room) {
            this.api = api;
            this.room = room;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            // A lambda may think longer than a connection may idle.
            request.addIdleTimeoutListener(timeout -> false);
            BodyRoom.Share share = room.share();
            boolean answered = false;
            try {
                HttpAnswer answer = fitting(answer(request, share), share);
                response.setStatus(answer.status());
                answer.headers().forEach(response.getHeaders()::put);
                response.getHeaders().put(HttpHeader.CONTENT_TYPE, answer.contentType());
                response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().length);
                answered = true;
                response.write(true, ByteBuffer.wrap(answer.body()), Callback.from(callback, share::close));
                return true;
            } finally {
                if (!answered) {
                    share.close();
                }
            }
        }

        private HttpAnswer answer(Request request, BodyRoom.Share share) {
            return GuardedConnector.isRefused(request.getConnectionMetaData())
                    ? WorkerApi.refusal()
                    : api.apply(new HttpQuestion(
                            request.getMethod(),
                            request.getHttpURI().getPath(),
                            request.getHttpURI().getQuery(),
                            () -> headers(request),
                            () -> body(request, share)));
        }

        /** The answer, or that there is no room for it: a client may take its time to read it. */
        private static HttpAnswer fitting(HttpAnswer answer, BodyRoom.Share share) {
            try {
                share.take(Math.max(answer.body().length - BodyRoom.FREE, 0));
                return answer;
            } catch (HttpQuestion.NoRoomException e) {
                return FailureAnswers.noRoom(e);
            }
        }

        private static Map<String, String> headers(Request request) {
            Map<String, String> all = new TreeMap<>();
            for (HttpField field : request.getHeaders()) {
                String value = field.getValue() == null ? "" : field.getValue();
                all.merge(field.getName().toLowerCase(Locale.ROOT), value, (first, next) -> first + ", " + next);
            }
            return all;
        }

        private static byte[] body(Request request, BodyRoom.Share share) throws TooLargeException, IOException {
            if (request.getLength() == 0) {
                return new byte[0];
            }
            if (request.getLength() > MAX_BODY) {
                throw tooLarge();
            }
            long until = System.nanoTime() + BODY_NANOS;
            // The array grows as bytes come: a client may say that it sends more than it does.
            byte[] body = new byte[BodyRoom.FREE];
            int length = 0;
            try (InputStream in = Content.Source.asInputStream(request)) {
                for (int n = in.read(body, 0, body.length); n >= 0; n = in.read(body, length, body.length - length)) {
                    length += n;
                    if (length > MAX_BODY) {
                        throw tooLarge();
                    }
                    if (System.nanoTime() > until) {
                        throw new SocketTimeoutException("the body took longer than a minute");
                    }
                    if (length == body.length) {
                        share.take(Math.min(length, MAX_BODY + 1 - length));
                        body = Arrays.copyOf(body, Math.min(2 * length, MAX_BODY + 1));
                    }
                }
            }
            return length == body.length ? body : Arrays.copyOf(body, length);
        }

        private static TooLargeException tooLarge() {
            return new TooLargeException("the body is larger than " + (MAX_BODY >> 20) + " MiB");
        }
    }
}
