package io.zygotes.core.aws;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * An answer of the AWS API.
 *
 * @param status its HTTP status
 * @param contentType type of the body
 * @param headers further headers
 * @param body the body; not copied
 */
public record AwsAnswer(int status, String contentType, Map<String, String> headers, byte[] body) {

    static final String JSON = "application/json";

    /** Checks for null and copies the headers. */
    public AwsAnswer {
        Objects.requireNonNull(contentType);
        headers = Map.copyOf(headers);
        Objects.requireNonNull(body);
    }

    /** A value as JSON. */
    static AwsAnswer json(int status, Object value) {
        return new AwsAnswer(status, JSON, Map.of(), Json.bytes(value));
    }

    /** An answer that says all by its status. */
    static AwsAnswer empty(int status) {
        return new AwsAnswer(status, JSON, Map.of(), new byte[0]);
    }

    /** The same with one header more. */
    public AwsAnswer with(String name, String value) {
        Map<String, String> all = new HashMap<>(headers);
        all.put(name, value);
        return new AwsAnswer(status, contentType, all, body);
    }
}
