package io.zygotes.core.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Takes connections, and tells those of lambdas from others as soon as they come: lambdas get a few, to be told that
 * they get no more, and cannot use up what there is for others.
 */
final class GuardedConnector extends ServerConnector {

    private static final int MOST_REFUSED = 32;
    private static final long REFUSED_IDLE = Duration.ofSeconds(2).toMillis();

    private final AtomicInteger refusedNow = new AtomicInteger();
    private volatile BiPredicate<InetSocketAddress, InetSocketAddress> refused = (client, server) -> true;
    private volatile BiPredicate<InetSocketAddress, InetSocketAddress> distrusted = (client, server) -> true;

    GuardedConnector(Server server, ConnectionFactory factory) {
        super(server, 1, 1, factory);
    }

    /** @param predicate tells from client and server address whether a connection is a lambda's; asked once for each */
    void refuse(BiPredicate<InetSocketAddress, InetSocketAddress> predicate) {
        refused = predicate;
    }

    /** @param predicate as for {@link #refuse}, of connections that are a lambda's and answered all the same */
    void distrust(BiPredicate<InetSocketAddress, InetSocketAddress> predicate) {
        distrusted = predicate;
    }

    /** Whom requests over a connection come from, if they are answered. */
    static HttpQuestion.Sender senderOf(ConnectionMetaData connection) {
        return connection.getConnection().getEndPoint() instanceof DistrustedEndPoint
                ? HttpQuestion.Sender.LAMBDA
                : HttpQuestion.Sender.CLIENT;
    }

    /** Whether requests over a connection are not answered. */
    static boolean isRefused(ConnectionMetaData connection) {
        return connection.getConnection().getEndPoint() instanceof RefusedEndPoint;
    }

    @Override
    protected SocketChannelEndPoint newEndPoint(SocketChannel channel, ManagedSelector selector, SelectionKey key)
            throws IOException {
        if (is(refused, channel)) {
            return new RefusedEndPoint(channel, selector, key, getScheduler(), refusedNow);
        }
        return is(distrusted, channel)
                ? new DistrustedEndPoint(channel, selector, key, getScheduler(), getIdleTimeout())
                : super.newEndPoint(channel, selector, key);
    }

    private static boolean is(BiPredicate<InetSocketAddress, InetSocketAddress> what, SocketChannel channel)
            throws IOException {
        return channel.getRemoteAddress() instanceof InetSocketAddress client
                && channel.getLocalAddress() instanceof InetSocketAddress server
                && what.test(client, server);
    }

    /** One of a lambda that is answered as anybody is, but not as an administrator. */
    private static final class DistrustedEndPoint extends SocketChannelEndPoint {

        DistrustedEndPoint(
                SocketChannel channel,
                ManagedSelector selector,
                SelectionKey key,
                Scheduler scheduler,
                long idleMillis) {
            super(channel, selector, key, scheduler);
            setIdleTimeout(idleMillis);
        }
    }

    /** One of a lambda that is not answered. */
    private static final class RefusedEndPoint extends SocketChannelEndPoint {

        private final AtomicInteger all;

        RefusedEndPoint(
                SocketChannel channel,
                ManagedSelector selector,
                SelectionKey key,
                Scheduler scheduler,
                AtomicInteger all) {
            super(channel, selector, key, scheduler);
            this.all = all;
            setIdleTimeout(REFUSED_IDLE);
        }

        @Override
        public void onOpen() {
            super.onOpen();
            if (all.incrementAndGet() > MOST_REFUSED) {
                close();
            }
        }

        @Override
        public void onClose(Throwable cause) {
            super.onClose(cause);
            all.decrementAndGet();
        }
    }
}
