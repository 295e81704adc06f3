package io.zygotes.core.http;

import io.zygotes.core.files.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * An HTTP request.
 *
 * @param method its method
 * @param path its path as it was sent, percent signs included
 * @param query what follows the question mark; null if there is none
 * @param headers its headers, names in lower case; read only if they are needed
 * @param body its body; read only if it is needed
 * @param room looks whether there is room for the answer
 * @param upload its body, for those that take one that is larger than there is memory for
 * @param origin whom it comes from
 */
record HttpQuestion(
        String method, String path, String query, Headers headers, Body body, Room room, Upload upload, Origin origin) {

    HttpQuestion {
        Objects.requireNonNull(method);
        Objects.requireNonNull(path);
        Objects.requireNonNull(headers);
        Objects.requireNonNull(body);
        Objects.requireNonNull(room);
        Objects.requireNonNull(upload);
        Objects.requireNonNull(origin);
    }

    /** Whom a request comes from. */
    enum Origin {
        /** Somebody over HTTP. */
        CLIENT,
        /** A lambda over HTTP, where {@code allow_lambda_calls} lets them. */
        LAMBDA,
        /** Somebody who can open the private socket of the worker directory. */
        OWNER
    }

    /** Headers on demand. */
    @FunctionalInterface
    interface Headers {
        Map<String, String> read();
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
