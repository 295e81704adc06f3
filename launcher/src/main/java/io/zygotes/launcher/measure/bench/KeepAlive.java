package io.zygotes.launcher.measure.bench;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One connection to a worker for many requests. A request is one write, and its answer is read on the thread that
 * asked: {@code java.net.http} hands both to threads of its own, which takes longer than what is to be measured. Knows
 * only the answers of a worker, which have a {@code Content-Length}. For one thread.
 */
final class KeepAlive implements Closeable {

    /** The first call of a lambda also installs its packages. */
    private static final int PATIENCE_MILLIS = 600_000;

    private final Socket socket;
    private final InputStream in;

    /**
     * A worker's answer.
     *
     * @param status the HTTP status
     * @param start the header {@code X-Zygotes-Start}; empty if there is none
     * @param body the body
     */
    record Answer(int status, String start, String body) {}

    KeepAlive(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        in = new BufferedInputStream(socket.getInputStream(), 4096);
    }

    /** The bytes of a call of a lambda. */
    static byte[] call(String lambda, String event) {
        return ("POST /run/" + lambda
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + event.length() + "\r\n\r\n" + event)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** The bytes of a question. */
    static byte[] get(String path) {
        return ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Sends a request and waits for its whole answer. */
    Answer send(byte[] request) throws IOException {
        socket.getOutputStream().write(request);
        String statusLine = line();
        String start = "";
        int length = 0;
        for (String header = line(); !header.isEmpty(); header = line()) {
            int colon = header.indexOf(':');
            String value = header.substring(colon + 1).strip();
            switch (header.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "content-length" -> length = Integer.parseInt(value);
                case "x-zygotes-start" -> start = value;
                default -> {}
            }
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the worker closed the connection within an answer");
        }
        return new Answer(Integer.parseInt(statusLine.split(" ")[1]), start, new String(body, StandardCharsets.UTF_8));
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder(64);
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("the worker closed the connection");
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
