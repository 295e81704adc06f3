package io.zygotes.spi;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One call of a lambda.
 *
 * @param method the HTTP method, in upper case
 * @param path what follows the lambda's name in the URL as it was sent, query string included; empty or starts with
 *     {@code /} or {@code ?}
 * @param fields the fields of the request's header in their order, names in lower case
 * @param body the raw body; empty for none. The array is not copied: do not change it
 * @param origin where it comes from
 */
@Stability(Stability.Level.STABLE)
public record Invocation(String method, String path, List<HeaderField> fields, byte[] body, Origin origin) {

    /** Copies the list. */
    public Invocation {
        Objects.requireNonNull(method);
        Objects.requireNonNull(path);
        fields = List.copyOf(fields);
        Objects.requireNonNull(body);
        Objects.requireNonNull(origin);
    }

    /**
     * A call whose header has each field once, and of which nothing else is known.
     *
     * @param headers the fields by their names in lower case
     */
    public Invocation(String method, String path, Map<String, String> headers, byte[] body) {
        this(
                method,
                path,
                headers.entrySet().stream()
                        .map(entry -> new HeaderField(entry.getKey(), entry.getValue()))
                        .toList(),
                body,
                Origin.UNKNOWN);
    }

    /**
     * The fields by their names. Those that have one name are put together, with a comma (RFC 9110 5.3), or for cookies
     * a semicolon in between: a comma may be part of a cookie (RFC 6265 5.4, RFC 9113 8.2.3).
     */
    public Map<String, String> headers() {
        Map<String, String> all = new LinkedHashMap<>();
        for (HeaderField field : fields) {
            String separator = field.name().equals("cookie") ? "; " : ", ";
            all.merge(field.name(), field.value(), (first, next) -> first + separator + next);
        }
        return all;
    }

    /** An event for the lambda itself, such as a POST of a JSON text. */
    public static Invocation post(byte[] json) {
        return new Invocation("POST", "", List.of(), json, Origin.EVENT);
    }
}
