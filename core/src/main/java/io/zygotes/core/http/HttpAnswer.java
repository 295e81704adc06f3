package io.zygotes.core.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

/**
 * An HTTP response.
 *
 * @param status its status
 * @param contentType type of the body
 * @param headers further headers
 * @param body the body; not copied
 */
record HttpAnswer(int status, String contentType, Map<String, String> headers, byte[] body) {

    static final String JSON = "application/json";
    static final String TEXT = "text/plain; charset=utf-8";

    /** Headers of an answer that has none of its own. */
    static final Map<String, String> PLAIN = Map.of();
    /** Headers that tell the client to try again in a second. */
    static final Map<String, String> RETRY = Map.of("Retry-After", "1");
    /** Headers of the last answer over a connection, such as one to a request that was not read to its end. */
    static final Map<String, String> CLOSE = Map.of("Connection", "close");

    static final Map<String, String> RETRY_AND_CLOSE = Map.of("Retry-After", "1", "Connection", "close");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    HttpAnswer {
        Objects.requireNonNull(contentType);
        headers = Map.copyOf(headers);
        Objects.requireNonNull(body);
    }

    /** A text for people, with status 200. */
    static HttpAnswer text(String text) {
        return new HttpAnswer(200, TEXT, PLAIN, text.getBytes(StandardCharsets.UTF_8));
    }

    /** A value as JSON, with status 200. */
    static HttpAnswer json(Object value) {
        return new HttpAnswer(200, JSON, PLAIN, bytes(value));
    }

    /** An error as an object with its message. */
    static HttpAnswer error(int status, String message, Map<String, String> headers) {
        return new HttpAnswer(
                status, JSON, headers, bytes(MAPPER.createObjectNode().put("error", message)));
    }

    /** An error as an object with its message and Python's traceback. */
    static HttpAnswer error(int status, String message, String traceback) {
        ObjectNode body = MAPPER.createObjectNode();
        body.put("error", message);
        body.put("traceback", traceback);
        return new HttpAnswer(status, JSON, PLAIN, bytes(body));
    }

    private static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
