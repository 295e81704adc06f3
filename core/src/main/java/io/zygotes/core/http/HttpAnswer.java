package io.zygotes.core.http;

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

    HttpAnswer {
        Objects.requireNonNull(contentType);
        headers = Map.copyOf(headers);
        Objects.requireNonNull(body);
    }
}
