package io.zygotes.core.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * The HTTP server. Each request has one platform thread from its first byte to its last, without a change of threads
 * in between: the calls below block in native code, which would pin virtual threads.
 */
public final class HttpFront implements AutoCloseable {

    private static final int MAX_HEADERS = 16 << 10;
    private static final int MAX_CONNECTIONS = 4096;
    private static final int MAX_THREADS = 2048;
    private static final Duration THREAD_IDLE = Duration.ofSeconds(20);
    /**
     * How long a client may take for {@link AnswerWriter#PIECE} bytes of an answer: 13 kB a second where the socket's
     * buffer is small. The kernel tells of room in a buffer only when a third of it is free, and it may have 4 MiB
     * (tcp_wmem in tcp(7)), so less time would end clients that read all the time.
     */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /**
     * What a path may hold. Jetty refuses what others may take for another path than it does; here nobody decodes a
     * path before it is split, and what is below a lambda's name is the lambda's own affair.
     */
    private static final UriCompliance PATHS = UriCompliance.DEFAULT.with(
            "as it was sent",
            UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
            UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
            UriCompliance.Violation.AMBIGUOUS_PATH_PARAMETER,
            UriCompliance.Violation.AMBIGUOUS_PATH_SEGMENT,
            UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
            UriCompliance.Violation.BAD_UTF8_ENCODING,
            UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS,
            UriCompliance.Violation.TRUNCATED_UTF8_ENCODING);

    /** Kept, because a logger that nobody refers to forgets its level. */
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

    private final BodyRoom room;
    private final int maxBody;
    private final Duration patience;
    /** Requests from their arrival until their answers are written. */
    private final AtomicInteger underWay = new AtomicInteger();

    private final Server server;
    private final GuardedConnector connector;

    /**
     * Makes a server; nothing is bound yet.
     *
     * @param host address or name to bind to
     * @param port TCP port; 0 for any free one
     * @param maxBody the largest body of a request, in bytes
     */
    public HttpFront(String host, int port, int maxBody) {
        // A quarter of the heap: a body is copied on its way to a leaf, and an answer on its way back.
        this(
                host,
                port,
                Duration.ofMinutes(1),
                PATIENCE,
                new BodyRoom(Runtime.getRuntime().maxMemory() / 4),
                maxBody);
    }

    HttpFront(String host, int port, Duration idle, Duration patience, BodyRoom room, int maxBody) {
        this.room = room;
        this.maxBody = maxBody;
        this.patience = patience;
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
        http.setUriCompliance(PATHS);
        connector = new GuardedConnector(server, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setPort(port);
        connector.setIdleTimeout(idle.toMillis());
        connector.setAcceptQueueSize(1024);
        server.addConnector(connector);
        server.setErrorHandler(new JsonErrors());
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
     * Says who of those that are answered is no administrator, whatever they send; until then nobody is.
     *
     * @param lambdas as for {@link #refuse}: whether a connection is a lambda's
     */
    public void distrust(BiPredicate<InetSocketAddress, InetSocketAddress> lambdas) {
        connector.distrust(lambdas);
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
        server.setHandler(new ApiHandler(api, room, maxBody, patience, underWay));
        try {
            server.start();
        } catch (Exception e) {
            // Jetty declares Exception.
            throw new IOException("the HTTP server does not start: " + e.getMessage(), e);
        }
    }

    /**
     * Lets running requests end and their answers be written, for a while; new ones are refused, and no connection is
     * taken any more.
     *
     * @param api what {@link #serve} was given
     * @param patience how long running requests may go on
     * @return how many requests still run or are still answered
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public long drain(WorkerApi api, Duration patience) throws InterruptedException {
        api.stop();
        return drain(patience);
    }

    long drain(Duration patience) throws InterruptedException {
        connector.close();
        long until = System.nanoTime() + patience.toNanos();
        while (underWay.get() > 0 && System.nanoTime() < until) {
            Thread.sleep(5);
        }
        return underWay.get();
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
}
