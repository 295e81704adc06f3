package io.zygotes.spi;

import java.util.Objects;

/**
 * Where a call comes from.
 *
 * @param isRequest whether it is an HTTP request, which a web application may be asked; false for an event that is
 *     handed over as it is
 * @param id of the call, no line break in it; empty if it has none
 * @param base the path under which the lambda is found, such as {@code /run/hello}; empty if it is not found by one
 * @param scheme {@code http} or {@code https}
 * @param server host name or address, and port, that the client asked; empty if not known
 * @param client address and port of the client, such as {@code 127.0.0.1:40000} or {@code [::1]:40000}; empty if not
 *     known
 * @since 1.3
 */
@Stability(Stability.Level.STABLE)
public record Origin(boolean isRequest, String id, String base, String scheme, String server, String client) {

    /** Of an event that comes from the worker itself. */
    public static final Origin EVENT = new Origin(false, "", "", "http", "", "");
    /** Of a request of which nothing else is known. */
    public static final Origin UNKNOWN = new Origin(true, "", "", "http", "", "");

    /** Checks for null. */
    public Origin {
        Objects.requireNonNull(id);
        Objects.requireNonNull(base);
        Objects.requireNonNull(scheme);
        Objects.requireNonNull(server);
        Objects.requireNonNull(client);
    }
}
