package io.zygotes.core.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.HeaderField;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * An HTTP response.
 *
 * @param status its status
 * @param fields the fields of its header
 * @param body the body; not copied
 * @param isStreamed whether the question's stream has got all of it already
 */
record HttpAnswer(int status, List<HeaderField> fields, byte[] body, boolean isStreamed) {

    static final String CONTENT_TYPE = "Content-Type";
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
        fields = List.copyOf(fields);
        Objects.requireNonNull(body);
    }

    /** An answer with a body of that type, and further fields in its header. */
    HttpAnswer(int status, String contentType, Map<String, String> headers, byte[] body) {
        this(status, fields(contentType, headers), body, false);
    }

    /** An answer that the question's stream has got. One that it has begun to get and that ends otherwise broke off. */
    static HttpAnswer streamed(int status, List<HeaderField> fields) {
        return new HttpAnswer(status, fields, new byte[0], true);
    }

    private static List<HeaderField> fields(String contentType, Map<String, String> headers) {
        List<HeaderField> fields = new ArrayList<>();
        headers.forEach((name, value) -> fields.add(new HeaderField(name, value)));
        fields.add(new HeaderField(CONTENT_TYPE, contentType));
        return fields;
    }

    /** The first field of this name; null if there is none. */
    String header(String name) {
        return fields.stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(HeaderField::value)
                .findFirst()
                .orElse(null);
    }

    /** The fields but for the body's type, of answers that have each once. */
    Map<String, String> headers() {
        return fields.stream()
                .filter(field -> !field.name().equals(CONTENT_TYPE))
                .collect(Collectors.toUnmodifiableMap(HeaderField::name, HeaderField::value));
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
