package io.zygotes.spi;

import java.util.Map;
import java.util.Objects;

/**
 * One call of a lambda.
 *
 * @param method the HTTP method, in upper case
 * @param path what follows the lambda's name in the URL, query string included; empty or starts with {@code /} or
 *     {@code ?}
 * @param headers request headers, names in lower case
 * @param body the raw body; empty for none. The array is not copied: do not change it
 */
@Stability(Stability.Level.STABLE)
public record Invocation(String method, String path, Map<String, String> headers, byte[] body) {

    /** Copies the map. */
    public Invocation {
        Objects.requireNonNull(method);
        Objects.requireNonNull(path);
        headers = Map.copyOf(headers);
        Objects.requireNonNull(body);
    }

    /** A POST of a JSON text to the lambda itself. */
    public static Invocation post(byte[] json) {
        return new Invocation("POST", "", Map.of(), json);
    }
}
