package io.zygotes.core.aws;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Times as the service writes them. */
final class Times {

    private static final DateTimeFormatter FORM = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSxx");

    private Times() {}

    static String now() {
        return text(System.currentTimeMillis());
    }

    /** @param millis since 1970 */
    static String text(long millis) {
        return FORM.format(Instant.ofEpochMilli(millis).atOffset(ZoneOffset.UTC));
    }
}
