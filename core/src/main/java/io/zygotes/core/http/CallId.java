package io.zygotes.core.http;

import io.zygotes.spi.HeaderField;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/** What a call is known by: to the client, to the lambda, and in logs. */
final class CallId {

    /** The field of a header that has it. */
    static final String FIELD = "X-Request-Id";

    private static final Pattern USABLE = Pattern.compile("[A-Za-z0-9._:=+/@-]{1,128}");

    private CallId() {}

    /** The client's own, if it sent one that can stand in a log; else a new one. */
    static String of(List<HeaderField> fields) {
        return fields.stream()
                .filter(field -> field.name().equalsIgnoreCase(FIELD))
                .map(HeaderField::value)
                .filter(own -> USABLE.matcher(own).matches())
                .findFirst()
                .orElseGet(() -> UUID.randomUUID().toString());
    }
}
