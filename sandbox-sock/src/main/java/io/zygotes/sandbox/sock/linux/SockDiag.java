package io.zygotes.sandbox.sock.linux;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** Asks the kernel about sockets of others: sock_diag(7). */
public final class SockDiag {

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int IPPROTO_TCP = 6;
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final short SOCK_DIAG_BY_FAMILY = 20;
    private static final short NLM_F_REQUEST = 1;
    private static final short NLMSG_ERROR = 2;
    /** Bytes of struct nlmsghdr and struct inet_diag_req_v2. */
    private static final int REQUEST_SIZE = 72;

    private SockDiag() {}

    /** Whether this kernel answers; asked once, when somebody wants to know. */
    private static final class Works {
        static final boolean ANSWER = answers();

        /**
         * Without the module tcp_diag the kernel says of every socket that there is none: so one is looked up that is.
         */
        private static boolean answers() {
            try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                InetSocketAddress local = (InetSocketAddress) listening.getLocalSocketAddress();
                return ask(local, new InetSocketAddress(local.getAddress(), 1)).isPresent();
            } catch (IOException e) {
                return false;
            }
        }
    }

    /** Whether this kernel answers; otherwise all sockets are looked through, which takes longer the more there are. */
    public static boolean works() {
        return Works.ANSWER;
    }

    /**
     * Who holds the other end of a TCP connection within this machine.
     *
     * @param uid the user who made the socket, as this process sees it
     * @param held whether a process still has it open; else its user is not known any more
     */
    public record TcpOwner(int uid, boolean held) {}

    /**
     * Looks a TCP socket up by its addresses. Takes microseconds, however many sockets there are, if it {@link #works}.
     *
     * @param local the socket's own address
     * @param remote the address that it is connected to
     * @return empty if there is none in this network namespace
     */
    public static Optional<TcpOwner> tcpOwner(InetSocketAddress local, InetSocketAddress remote) throws IOException {
        return works() ? ask(local, remote) : SocketTable.tcpOwner(local, remote);
    }

    static Optional<TcpOwner> ask(InetSocketAddress local, InetSocketAddress remote) throws IOException {
        byte[] answer;
        try (Descriptor socket = Sockets.open("socket for sock_diag", AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)) {
            Messages.send(socket, request(local, remote), 0, List.of());
            answer = FileIo.read(socket);
        }
        ByteBuffer reply = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
        if (reply.getShort(4) == NLMSG_ERROR) {
            int error = reply.getInt(16); // negative
            if (error == -Errno.ENOENT) {
                return Optional.empty();
            }
            throw Native.failure("sock_diag", error);
        }
        // struct inet_diag_msg: uid and inode; a socket that was closed has neither
        return Optional.of(new TcpOwner(reply.getInt(80), reply.getInt(84) != 0));
    }

    /** struct nlmsghdr, then struct inet_diag_req_v2 for any state, with no cookie. */
    private static byte[] request(InetSocketAddress local, InetSocketAddress remote) {
        ByteBuffer request = ByteBuffer.allocate(REQUEST_SIZE).order(ByteOrder.nativeOrder());
        byte[] from = local.getAddress().getAddress();
        byte[] to = remote.getAddress().getAddress();
        request.putInt(0, REQUEST_SIZE).putShort(4, SOCK_DIAG_BY_FAMILY).putShort(6, NLM_F_REQUEST);
        request.put(16, (byte) (from.length == 4 ? AF_INET : AF_INET6))
                .put(17, (byte) IPPROTO_TCP)
                .putInt(20, -1);
        request.put(28, from).put(44, to).putLong(64, -1);
        // Ports are in the order of the network.
        request.order(ByteOrder.BIG_ENDIAN)
                .putShort(24, (short) local.getPort())
                .putShort(26, (short) remote.getPort());
        return request.array();
    }
}
