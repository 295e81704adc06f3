package io.zygotes.core.http;

import io.zygotes.core.files.StorageException;
import io.zygotes.spi.HeaderField;
import io.zygotes.spi.ReplyStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * An HTTP request.
 *
 * @param method its method
 * @param path its path as it was sent, percent signs included
 * @param query what follows the question mark; null if there is none
 * @param server host and port that it asks, as it says; empty if it does not
 * @param client address and port that it comes from
 * @param headers the fields of its header; read only if they are needed
 * @param body its body; read only if it is needed
 * @param room looks whether there is room for the answer
 * @param stream gets an answer that comes in parts, before the question is answered: {@link HttpAnswer#streamed}
 * @param upload its body, for those that take one that is larger than there is memory for
 * @param sender whom it comes from
 */
record HttpQuestion(
        String method,
        String path,
        String query,
        String server,
        String client,
        Headers headers,
        Body body,
        Room room,
        ReplyStream stream,
        Upload upload,
        Sender sender) {

    HttpQuestion {
        Objects.requireNonNull(method);
        Objects.requireNonNull(path);
        Objects.requireNonNull(server);
        Objects.requireNonNull(client);
        Objects.requireNonNull(headers);
        Objects.requireNonNull(body);
        Objects.requireNonNull(room);
        Objects.requireNonNull(stream);
        Objects.requireNonNull(upload);
        Objects.requireNonNull(sender);
    }

    /** Whom a request comes from. */
    enum Sender {
        /** Somebody over HTTP. */
        CLIENT,
        /** A lambda over HTTP, where {@code allow_lambda_calls} lets them. */
        LAMBDA,
        /** Somebody who can open the private socket of the worker directory. */
        OWNER
    }

    /** The same, for somebody else, after its body was read. */
    HttpQuestion withBody(byte[] content) {
        return new HttpQuestion(
                method, path, query, server, client, headers, () -> content, room, stream, upload, sender);
    }

    /** Headers on demand. */
    @FunctionalInterface
    interface Headers {
        /** All of them in their order, names in lower case. */
        List<HeaderField> read();
    }

    /** The first field of this name, in lower case; empty if there is none. */
    String header(String name) {
        return headers.read().stream()
                .filter(field -> field.name().equals(name))
                .map(HeaderField::value)
                .findFirst()
                .orElse("");
    }

    /** A body on demand. */
    @FunctionalInterface
    interface Body {
        /**
         * @throws TooLargeException if it is larger than a request may be
         * @throws NoRoomException if others take the memory for it at the moment
         * @throws IOException if the client goes away or is too slow
         */
        byte[] read() throws TooLargeException, IOException;
    }

    /** A body on demand that is written into a file. */
    @FunctionalInterface
    interface Upload {
        /**
         * @param file where; is replaced, and may hold a part after an error
         * @param most how many bytes it may have
         * @throws TooLargeException if it is larger
         * @throws StorageException if the file cannot be written
         * @throws IOException if the client goes away or is too slow
         */
        void to(Path file, long most) throws TooLargeException, IOException;
    }

    /** Memory for an answer that is not there yet. */
    @FunctionalInterface
    interface Room {
        /**
         * @param bytes how large the answer may be
         * @throws NoRoomException if others take the memory for it at the moment
         */
        void check(int bytes) throws NoRoomException;
    }

    /** There is no memory for the body at the moment. */
    static final class NoRoomException extends IOException {
        private static final long serialVersionUID = 1L;

        NoRoomException(String message) {
            super(message);
        }
    }

    /** The body is larger than a request may be. */
    static final class TooLargeException extends Exception {
        private static final long serialVersionUID = 1L;

        TooLargeException(String message) {
            super(message);
        }
    }
}
