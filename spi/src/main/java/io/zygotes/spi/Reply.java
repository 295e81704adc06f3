package io.zygotes.spi;

import java.util.List;
import java.util.Objects;

/**
 * What a lambda answered.
 *
 * @param status an HTTP status. Of a function: 200, 400 if the body was not JSON, 500 if it raised or what it returned
 *     cannot be written as JSON. Of a web application: what it says, from 200 to 999
 * @param fields the fields of the reply's header as the lambda wrote them, in their order
 * @param body the body. The array is not copied: do not change it
 */
@Stability(Stability.Level.STABLE)
public record Reply(int status, List<HeaderField> fields, byte[] body) {

    private static final List<HeaderField> JSON = List.of(new HeaderField("Content-Type", "application/json"));

    /** Copies the list. */
    public Reply {
        fields = List.copyOf(fields);
        Objects.requireNonNull(body);
    }

    /** A reply that is a JSON text. */
    public Reply(int status, byte[] body) {
        this(status, JSON, body);
    }
}
