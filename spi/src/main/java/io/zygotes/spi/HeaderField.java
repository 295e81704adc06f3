package io.zygotes.spi;

import java.util.Objects;

/**
 * One field of an HTTP header. A name may stand in a header more than once.
 *
 * @param name a token (RFC 9110 5.1); of a request in lower case, of a reply as the lambda wrote it
 * @param value no line break and no character 0 is in it; one character stands for each byte (ISO 8859-1)
 * @since 1.3
 */
@Stability(Stability.Level.STABLE)
public record HeaderField(String name, String value) {

    /** Checks for null. */
    public HeaderField {
        Objects.requireNonNull(name);
        Objects.requireNonNull(value);
    }
}
