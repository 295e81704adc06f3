package io.zygotes.sandbox.sock.linux;

import io.zygotes.sandbox.sock.linux.SockDiag.TcpOwner;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** The kernel's table of TCP sockets as text, for kernels without the module tcp_diag: proc_pid_net(5). */
final class SocketTable {

    /** Fields of a line, which begins with a space: its number, both addresses, and later the user and the inode. */
    private static final int LOCAL = 2, REMOTE = 3, UID = 8, INODE = 10;

    private static final byte[] IPV4_IN_IPV6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    private SocketTable() {}

    /** As {@link SockDiag#tcpOwner}. */
    static Optional<TcpOwner> tcpOwner(InetSocketAddress local, InetSocketAddress remote) throws IOException {
        if (local.getAddress().getAddress().length == 4) {
            Optional<TcpOwner> found = find("/proc/self/net/tcp", text(local, new byte[0]), text(remote, new byte[0]));
            if (found.isPresent()) {
                return found;
            }
            // A socket for IPv6 may speak IPv4, too (ipv6(7)).
            return find("/proc/self/net/tcp6", text(local, IPV4_IN_IPV6), text(remote, IPV4_IN_IPV6));
        }
        return find("/proc/self/net/tcp6", text(local, new byte[0]), text(remote, new byte[0]));
    }

    /** The address in words of four bytes, each as a number of this machine, and the port as a number. */
    private static String text(InetSocketAddress address, byte[] before) {
        byte[] bytes = address.getAddress().getAddress();
        ByteBuffer all = ByteBuffer.allocate(before.length + bytes.length)
                .put(before)
                .put(bytes)
                .flip();
        all.order(ByteOrder.nativeOrder());
        StringBuilder text = new StringBuilder();
        while (all.hasRemaining()) {
            text.append("%08X".formatted(all.getInt()));
        }
        return text.append(":%04X".formatted(address.getPort())).toString();
    }

    private static Optional<TcpOwner> find(String table, String local, String remote) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(Path.of(table), StandardCharsets.US_ASCII)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                // Nearly all lines are of others.
                if (!line.contains(local)) {
                    continue;
                }
                String[] fields = line.split(" +");
                if (fields.length > INODE && fields[LOCAL].equals(local) && fields[REMOTE].equals(remote)) {
                    return Optional.of(new TcpOwner(Integer.parseUnsignedInt(fields[UID]), !fields[INODE].equals("0")));
                }
            }
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty(); // a kernel without IPv6
        }
    }
}
