package io.zygotes.launcher.control;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The socket {@code control.sock} of a worker directory. Commands are answered one after another.
 *
 * <p>Not part of the HTTP server: lambdas see the host's network, and they must not be able to ask.
 */
public final class ControlSocket implements AutoCloseable {

    private static final Logger LOG = System.getLogger(ControlSocket.class.getName());
    private static final String NAME = "control.sock";
    private static final int LONGEST_LINE = 1 << 12;
    /** Whoever connects and says nothing keeps others waiting. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final Path path;
    private final ServerSocketChannel server;
    private final UnaryOperator<String> commands;

    private ControlSocket(Path path, ServerSocketChannel server, UnaryOperator<String> commands) {
        this.path = path;
        this.server = server;
        this.commands = commands;
    }

    /**
     * Opens the socket and answers from now on, on a thread of its own. Call it with the directory's lock held: what a
     * killed worker left is replaced.
     *
     * @param directory the worker directory
     * @param commands makes the answer, one line, from the command; must not throw
     * @throws IOException if the socket cannot be made; its path may have 107 bytes at the most
     */
    public static ControlSocket open(Path directory, UnaryOperator<String> commands) throws IOException {
        Objects.requireNonNull(commands);
        Path path = directory.resolve(NAME);
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | RuntimeException e) {
            server.close();
            throw new IOException("cannot make the socket " + path + " (" + e.getMessage() + ")", e);
        }
        var socket = new ControlSocket(path, server, commands);
        Thread.ofPlatform().name("control").daemon().start(socket::serve);
        return socket;
    }

    private void serve() {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                answer(client);
            } catch (ClosedChannelException e) {
                LOG.log(Level.DEBUG, "the control socket is closed", e);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "a command over " + path + " failed: " + e.getMessage());
            }
        }
    }

    private void answer(SocketChannel client) throws IOException {
        Thread watch = Thread.ofVirtual().start(() -> closeAfterSilence(client));
        String command;
        try {
            command = readLine(client);
        } finally {
            watch.interrupt();
        }
        write(client, commands.apply(command));
    }

    private static void closeAfterSilence(SocketChannel client) {
        try {
            Thread.sleep(SILENCE);
            client.close();
        } catch (InterruptedException spokeInTime) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot close a silent client", e);
        }
    }

    /**
     * Asks the worker of a directory and waits for its answer.
     *
     * @param directory the worker directory
     * @param command one line
     * @return the answer, one line
     * @throws IOException if no worker listens there, or it goes away
     */
    public static String ask(Path directory, String command) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(directory.resolve(NAME)));
            write(channel, command);
            return readLine(channel);
        }
    }

    private static String readLine(SocketChannel channel) throws IOException {
        var reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8), LONGEST_LINE);
        String line = reader.readLine();
        if (line == null) {
            throw new IOException("the other side went away without a word");
        }
        return line;
    }

    private static void write(SocketChannel channel, String line) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(line.replaceAll("\\s*\\R\\s*", " ") + "\n");
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Answers nobody any more and removes the socket. */
    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
