package io.zygotes.sandbox.sock.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zygotes.sandbox.sock.linux.SockDiag.TcpOwner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has a socket of this machine, by the table for kernels without tcp_diag. */
class SocketTableTest {

    @TempDir
    Path folder;

    private int ownUid() throws IOException {
        return (int) Files.getAttribute(folder, "unix:uid");
    }

    private void assertFound(InetAddress address) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, address);
                Socket client = new Socket(address, server.getLocalPort())) {
            InetSocketAddress local = (InetSocketAddress) client.getLocalSocketAddress();
            InetSocketAddress remote = (InetSocketAddress) client.getRemoteSocketAddress();
            Optional<TcpOwner> expected = Optional.of(new TcpOwner(ownUid(), true));
            assertEquals(expected, SocketTable.tcpOwner(local, remote));
            if (SockDiag.works()) {
                assertEquals(expected, SockDiag.ask(local, remote), "both say the same");
            }
            InetSocketAddress other = new InetSocketAddress(address, local.getPort());
            assertEquals(Optional.empty(), SocketTable.tcpOwner(local, other), "it is connected elsewhere");
        }
    }

    @Test
    void aClientOverIpv4IsFound() throws IOException {
        // Java's own sockets are for IPv6 and speak IPv4, too, unless it is told otherwise.
        assertFound(InetAddress.getByName("127.0.0.1"));
    }

    @Test
    void aClientOverIpv6IsFound() throws IOException {
        InetAddress loopback = InetAddress.getByName("::1");
        assumeTrue(NetworkInterface.getByInetAddress(loopback) != null, "this machine has no IPv6");
        assertFound(loopback);
    }

    @Test
    void aClientOfPlainIpv4IsFound() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Process client = new ProcessBuilder(
                            "python3",
                            "-c",
                            "import socket,sys; s=socket.create_connection(('127.0.0.1',int(sys.argv[1])));"
                                    + " print(s.getsockname()[1], flush=True); sys.stdin.read()",
                            Integer.toString(server.getLocalPort()))
                    .start();
            try {
                int port = Integer.parseInt(client.inputReader().readLine());
                InetSocketAddress local = new InetSocketAddress("127.0.0.1", port);
                InetSocketAddress remote = new InetSocketAddress("127.0.0.1", server.getLocalPort());
                assertEquals(Optional.of(new TcpOwner(ownUid(), true)), SocketTable.tcpOwner(local, remote));
                assertTrue(!SockDiag.works() || SockDiag.ask(local, remote).isPresent());
            } finally {
                client.destroyForcibly().waitFor();
            }
        }
    }
}
